#!/usr/bin/env python3
"""The whole path, over every NIC and in both acknowledgement modes: sustained orders per second, and
order-to-ack latency at stated rates, in alternating repetitions, beside the device's own write.

    bench/pipeline/whole_path.py [--seconds 30] [--rate-seconds 5] [--repetitions 5]
                                 [--rates 5000,20000] [--nics loopback,uring,memif,af_packet,af_xdp]
                                 > bench/results/…

A run of --seconds offers as much as a window allows; one of --rate-seconds offers a stated rate.
The runs at a rate are proved as tools/run proves every run; in the others every order is accounted
for, and the rest of the proof, which takes longer than they do, is left out.

Needs what tools/run needs, and a machine that does nothing else. Each repetition runs every
combination once, in turn, so that a slow minute of the machine falls on all of them; the table has
medians over the repetitions, and ratios within the run.
"""
import argparse
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

TOPOLOGY = "hw-config/topologies/laptop.toml"
ACKNOWLEDGE = ("durable", "sequenced")
LATENCIES = ("p50", "p99", "p99_9")


def topology_with(ack, folder):
    """The laptop's topology, acknowledging as `ack` says."""
    with open(TOPOLOGY, encoding="utf-8") as file:
        text = file.read()
    text, changed = re.subn(r'^acknowledge = "\w+"', f'acknowledge = "{ack}"', text, flags=re.M)
    assert changed == 1
    path = os.path.join(folder, f"{ack}.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def run(nic, topology, seconds, rate, folder):
    """One run of tools/run, proved where it is one at a rate. Its summary."""
    path = os.path.join(folder, "summary.json")
    done = subprocess.run(
        ["tools/run", "--nic", nic, "--topology", topology, "--seconds", str(seconds), "--rate",
         str(rate), "--summary", path, *([] if rate else ["--no-proof"])],
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{nic}, {rate}/s: tools/run failed\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def device_write_us(folder):
    """The median 4 KiB O_DIRECT|O_DSYNC write into zero-written space, one at a time."""
    import mmap  # pylint: disable=import-outside-toplevel
    import time  # pylint: disable=import-outside-toplevel
    path = os.path.join(folder, "device")
    with open(path, "wb") as file:
        file.write(bytes(4096 * 1000))
        os.fsync(file.fileno())
    page = mmap.mmap(-1, 4096)
    page.write(b"x" * 4096)
    taken = []
    descriptor = os.open(path, os.O_WRONLY | os.O_DIRECT | os.O_DSYNC)
    for block in range(1000):
        start = time.perf_counter()
        os.pwrite(descriptor, page, 4096 * block)
        taken.append((time.perf_counter() - start) * 1e6)
    os.close(descriptor)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98]


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--rate-seconds", type=int, default=5)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--rates", default="5000,20000")
    parser.add_argument("--nics", default="loopback,uring,memif,af_packet,af_xdp")
    return parser.parse_args()


def measure(chosen, nics, rates):
    """The summaries of every combination, one per finished repetition, and the device's own writes.
    Interrupted, what the finished repetitions gave."""
    finished, device = {}, []
    with tempfile.TemporaryDirectory(prefix="basalt-bench-") as folder:
        topologies = {ack: topology_with(ack, folder) for ack in ACKNOWLEDGE}
        for repetition in range(chosen.repetitions):
            samples, written = {}, device_write_us(folder)
            try:
                for nic, ack, rate in itertools.product(nics, ACKNOWLEDGE, [0, *rates]):
                    seconds = chosen.rate_seconds if rate else chosen.seconds
                    summary = run(nic, topologies[ack], seconds, rate, folder)
                    samples[nic, ack, rate] = summary
                    print(f"{repetition + 1}/{chosen.repetitions} {nic} {ack} {rate}/s: "
                          f"{summary['orders_sent'] / summary['seconds']:,.0f} orders/s, p50 "
                          f"{summary['latency_ns']['order_to_ack']['p50'] / 1e3:,.0f} us",
                          file=sys.stderr)
            except KeyboardInterrupt:
                print(f"interrupted; {repetition} repetitions are whole", file=sys.stderr)
                break
            for key, summary in samples.items():
                finished.setdefault(key, []).append(summary)
            device.append(written)
    return finished, device


def table(chosen, nics, rates, samples, device):
    summary = next(iter(samples.values()))[0]
    machine = summary["machine"]
    print(f"# The whole path\n\n{machine['cpu']}, {machine['cores']} cores, Linux "
          f"{machine['kernel']}, commit {summary['commit']}, laptop topology; {chosen.seconds} s "
          f"a sustained run, {chosen.rate_seconds} s at a rate, medians of {len(device)} alternating "
          f"repetitions. The device's own 4 KiB O_DIRECT and O_DSYNC write: p50 "
          f"{statistics.median(d[0] for d in device):.0f} us, p99 "
          f"{statistics.median(d[1] for d in device):.0f} us.\n")
    print("| NIC | ack | orders/s sustained (least to most) | to the first row | "
          + " | ".join(f"{rate:,}/s: p50 / p99 / p99.9 us" for rate in rates) + " |")
    print("|---|---|--:|--:|" + "---|" * len(rates))
    first = None
    for nic, ack in itertools.product(nics, ACKNOWLEDGE):
        each = [s["orders_sent"] / s["seconds"] for s in samples[nic, ack, 0]]
        sustained = statistics.median(each)
        first = first or sustained
        cells = []
        for rate in rates:
            found = [s["latency_ns"]["order_to_ack"] for s in samples[nic, ack, rate]]
            cells.append(" / ".join(
                f"{statistics.median(f[key] for f in found) / 1e3:,.0f}" for key in LATENCIES))
        print(f"| {nic} | {ack} | {sustained:,.0f} ({min(each):,.0f} to {max(each):,.0f}) | "
              f"{sustained / first:.2f} | " + " | ".join(cells) + " |")


def main():
    chosen = options()
    rates = [int(rate) for rate in chosen.rates.split(",")]
    nics = chosen.nics.split(",")
    samples, device = measure(chosen, nics, rates)
    if not device:
        sys.exit("no repetition was finished: nothing to tell")
    table(chosen, nics, rates, samples, device)


if __name__ == "__main__":
    main()
