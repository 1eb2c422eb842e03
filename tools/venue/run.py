"""Runs the exchange once: wire, engine, bridge, order flow, and the proof of the result.

Called by tools/run, which has installed and built what is needed.
"""
import argparse
import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from venue import wire  # noqa: E402
from venue.processes import Process, StopRequest, Watchdog  # noqa: E402

BIN = "build/release/bin"
VENUE = "hw-config/venues/demo.toml"
BRIDGE = "hw-config/bridge/sqlite.toml"
TOPOLOGY = "hw-config/topologies/laptop.toml"
LOCK = "/tmp/basalt-run.lock"
# What is tried where no NIC is named: nearest to a real card first.
PREFERENCE = ("af_xdp", "af_packet", "memif", "uring")
CLIENT_CORE = 1
BRIDGE_PATIENCE_S = 60
ROW_KINDS = ("orders", "fills", "ledger_entries", "obligations")


class RunError(Exception):
    """Something that a person has to mend; the text says what."""


def parse():
    parser = argparse.ArgumentParser(
        prog="tools/run", description="Runs the exchange over a real wire and proves the result.")
    parser.add_argument("--seconds", type=int, default=10, help="bounds generated flow (10)")
    parser.add_argument("--input", metavar="FILE",
                        help="plays a whole file once: LOBSTER messages (.csv, .csv.zst), "
                             "Bitfinex L3 (.json, .json.gz)")
    parser.add_argument("--rate", type=int,
                        help="orders per second, from planned send times; 0: as fast as the window "
                             "allows (20,000; with --input 0)")
    parser.add_argument("--nic", choices=["af_packet", "af_xdp", "memif", "uring", "loopback"],
                        help="default: the best that works here")
    parser.add_argument("--transport", choices=["udp", "tcp"],
                        help="tcp only with --nic uring, where it is the default")
    parser.add_argument("--topology", default=TOPOLOGY, metavar="FILE")
    parser.add_argument("--venue", default=VENUE, metavar="FILE")
    parser.add_argument("--summary", metavar="FILE", help="write the summary as JSON")
    parser.add_argument("--data", metavar="DIR", help="made when missing, continued when not")
    parser.add_argument("--no-proof", dest="proof", action="store_false",
                        help="for benches: every order is accounted for, but books are not "
                             "compared, nothing is replayed, and the bridge is not waited for")
    parser.add_argument("--serve", action="store_true", help="send nothing, stay up")
    arguments = parser.parse_args()
    if arguments.transport == "tcp" and arguments.nic not in (None, "uring"):
        parser.error("--transport tcp goes with --nic uring")
    if arguments.input and not os.path.isfile(arguments.input):
        parser.error(f"--input: no such file: {arguments.input}")
    if arguments.rate is None:
        arguments.rate = 0 if arguments.input else 20_000
    if arguments.transport == "tcp" and arguments.nic is None:
        arguments.nic = "uring"
    return arguments


def machine():
    cpu = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    isolated = ""
    if os.path.exists("/sys/devices/system/cpu/isolated"):
        with open("/sys/devices/system/cpu/isolated", encoding="utf-8") as file:
            isolated = file.read().strip()
    return {"cpu": cpu, "cores": os.cpu_count(), "kernel": platform.release(),
            "isolated": isolated}


def only_one():
    """Two runs at once would share ports and the wire's name. The lock goes with the process."""
    lock = open(LOCK, "a+", encoding="utf-8")  # pylint: disable=consider-using-with
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        raise RunError(f"another tools/run is at work (process {lock.read().strip()}); "
                       "stop it first") from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    os.set_inheritable(lock.fileno(), False)
    return lock


class Run:
    """One run, from the wire to the summary."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.stop = StopRequest()
        self.watchdog = Watchdog()
        self.made_data = arguments.data is None
        self.data = os.path.abspath(arguments.data or tempfile.mkdtemp(prefix="basalt-"))
        os.makedirs(self.data, exist_ok=True)
        self.sockets = tempfile.mkdtemp(prefix="basalt-socket-")
        self.watchdog.tell("folder", self.sockets)
        self.engine = self.bridge = self.client = None
        self.nic = None
        self.has_wire = False
        self.started = time.monotonic()

    # The engine, over the NIC that was asked for or the best that works.

    def start_engine(self):
        wanted = [self.arguments.nic] if self.arguments.nic else list(PREFERENCE)
        if wire.exists():
            print("a killed run left its wire behind; taking it away")
            wire.remove()
        for nic in wanted:
            why_not = self.try_engine(nic)
            if why_not is None:
                self.nic = nic
                how = "as asked" if self.arguments.nic else "the best that works here"
                print(f"NIC: {nic}, {how}")
                return
            print(f"NIC: {nic} does not work here: {why_not}")
            self.remove_wire()
        raise RunError("no NIC works here")

    def try_engine(self, nic):
        """Starts the engine over `nic`. None, or why it does not work."""
        device = []
        if nic in wire.KERNEL_NICS:
            try:
                wire.make()
            except wire.WireError as error:
                return str(error)
            self.has_wire = True
            self.watchdog.tell("wire", "made")
            device = ["--device", wire.ENGINE_END]
        elif nic == "memif":
            device = ["--device", os.path.join(self.sockets, "memif.sock")]
        command = [f"{BIN}/basalt-engine", "--venue", self.arguments.venue, "--topology",
                   self.arguments.topology, "--data", self.data, "--nic", nic, *device, "--report",
                   self.report_file()]
        if nic == "loopback":
            command = [f"{BIN}/basalt", "loopback", "--venue", self.arguments.venue, "--topology",
                       self.arguments.topology, "--data", self.data, "--report",
                       self.report_file(), *self.load_options(with_data=False)]
        self.engine = Process("engine", command, self.watchdog)
        if self.engine.wait_ready(120):
            return None
        self.engine.stop(5)
        said = [line for line in self.engine.lines if line.startswith("basalt-engine:")]
        return (said or self.engine.lines or ["it ended at once"])[-1]

    def report_file(self):
        return os.path.join(self.sockets, "engine.json")

    def client_file(self):
        return os.path.join(self.sockets, "client.json")

    def start_bridge(self):
        command = [f"{BIN}/basalt-bridge", "--config", BRIDGE, "--data", self.data]
        self.bridge = Process("bridge", command, self.watchdog, core=CLIENT_CORE)

    # Order flow.

    def load_options(self, with_data=True):
        arguments = self.arguments
        options = ["--summary", self.client_file(), "--rate", str(arguments.rate)]
        if with_data:
            options += ["--data", self.data]
        if not arguments.proof:
            options += ["--no-comparison"]
        if arguments.input:
            options += ["--input", arguments.input]
        else:
            options += ["--seconds", str(arguments.seconds)]
        return options

    def send_flow(self):
        """Runs the client to its end, or until a stop is asked for. Its exit status."""
        if self.nic == "loopback":  # The client is in the engine's process, which ends with it.
            while (status := self.engine.wait(0.1)) is None and not self.stop.came:
                pass
            return self.engine.stop(60) if status is None else status
        transport = self.arguments.transport or ("tcp" if self.nic == "uring" else "udp")
        command = [f"{BIN}/basalt", "load", "--nic", self.nic, "--transport", transport,
                   *self.load_options()]
        if self.nic == "memif":
            command += ["--device", os.path.join(self.sockets, "memif.sock")]
        if self.has_wire:
            command = wire.in_client(command)
        self.client = Process("client", command, self.watchdog, core=CLIENT_CORE)
        while (status := self.client.wait(0.1)) is None:
            if self.stop.came:
                return self.client.stop(30)
            if not self.engine.running():
                raise RunError("the engine died; its last words: " + self.last_words(self.engine))
        if not os.path.exists(self.client_file()):
            raise RunError("the client sent nothing: " + self.last_words(self.client))
        return status

    @staticmethod
    def last_words(process):
        return process.lines[-1] if process.lines else "none"

    # The end, and the proof.

    def stop_engine(self):
        status = self.engine.stop(60)
        if status != 0 and self.nic != "loopback":  # There it is the client's, too.
            raise RunError(f"the engine ended with status {status}: "
                           + self.last_words(self.engine))
        with open(self.report_file(), encoding="utf-8") as file:
            return json.load(file)

    def bridge_status(self, epoch=None):
        """How far the bridge is, and its rows: of one epoch, or of all."""
        only = [] if epoch is None else ["--epoch", str(epoch)]
        done = subprocess.run([f"{BIN}/basalt-bridge", "--config", BRIDGE, "--data", self.data,
                               "--status", *only],
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def wait_for_bridge(self, epoch):
        end = time.monotonic() + BRIDGE_PATIENCE_S
        status = self.bridge_status(epoch)
        while status["lag"] > 0 and time.monotonic() < end and self.bridge.running():
            time.sleep(0.2)
            status = self.bridge_status(epoch)
        self.bridge.stop(30)
        return status

    def replay(self, epoch):
        done = subprocess.run([f"{BIN}/basalt", "replay", "--data", self.data, "--json",
                               "--epoch", str(epoch)],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RunError("replay: " + done.stderr.strip())
        return json.loads(done.stdout)

    def remove_wire(self):
        if self.has_wire:
            wire.remove()
            self.watchdog.tell("wire", "removed")
            self.has_wire = False

    def clean(self, keep_data):
        for process in (self.client, self.bridge, self.engine):
            if process is not None:
                process.stop(10)
        self.remove_wire()
        shutil.rmtree(self.sockets, ignore_errors=True)
        if self.made_data and not keep_data:
            shutil.rmtree(self.data, ignore_errors=True)


def serve(run):
    print("serving; Ctrl-C stops in order")
    for what, where in (("users", "MAKER1 to MAKER8, password basalt"),
                        ("OUCH 5.0 over SoupBinTCP", "127.0.0.1:7001"),
                        ("data", run.data)):
        print(f"  {what:<26} {where}")
    sys.stdout.flush()
    while not run.stop.wait(0.2):
        for process in (run.engine, run.bridge):
            if not process.running():
                raise RunError(f"the {process.name} died; its last words: "
                               + run.last_words(process))
    run.stop_engine()
    run.bridge.stop(30)
    return 0


def prove(run, client_status):
    """Stops everything and compares what can be compared. The summary, and what is wrong."""
    report = run.stop_engine()
    summary = summary_of(run, report)
    wrong = wrong_answers(summary, client_status)
    if run.arguments.proof:
        wrong += wrong_derivations(run, report["epoch"], summary)
    else:
        run.bridge.stop(30)
    return summary, wrong


def summary_of(run, report):
    """What engine and client say."""
    with open(run.client_file(), encoding="utf-8") as file:
        client = json.load(file)
    arguments = run.arguments
    summary = {
        "version": report["version"], "commit": report["commit"], "machine": machine(),
        "nic": run.nic,
        "transport": arguments.transport or ("tcp" if run.nic == "uring" else "udp"),
        "input": arguments.input or "generated",
        "client": "in the engine's process" if run.nic == "loopback" else "a process of its own",
        **{key: client[key] for key in (
            "seconds", "orders_sent", "orders_accepted", "orders_rejected", "orders_unanswered",
            "cancels", "replaces", "fills", "quantity_filled")},
        "commands_journaled": report["commands_journaled"],
        "events_journaled": report["events_journaled"],
        "state_hash_live": report["state_hash"],
        "ledger_imbalance": report["ledger_imbalance"],
        "holds_outstanding_mismatch": report["holds_outstanding_mismatch"],
        **{key: client[key] for key in ("feed_messages", "feed_gaps", "feed_book_mismatches")},
        "latency_ns": {"order_to_ack": client["latency_ns"]["order_to_ack"],
                       "wire_in_to_wire_out": report["wire_in_to_wire_out_ns"]},
        "stages": report["stages"],
        "gateway": report["gateway"],
    }
    for key in ("rejected_by_reason", "skipped_by_cause"):
        if key in client:
            summary[key] = client[key]
    return summary


def wrong_answers(summary, client_status):
    """What is wrong by the word of engine and client."""
    wrong = []
    expect = wrong.append
    if client_status != 0:
        expect(f"the client ended with status {client_status}")
    if summary["orders_unanswered"] != 0:
        expect(f"{summary['orders_unanswered']} orders were not answered")
    for key in ("ledger_imbalance", "holds_outstanding_mismatch", "feed_gaps",
                "feed_book_mismatches"):
        if summary[key] != 0:
            expect(f"{key} is {summary[key]}")
    return wrong


def wrong_derivations(run, epoch, summary):
    """What is wrong by a replay of the journal and by the bridge's rows, which it adds to the
    summary."""
    bridge = run.wait_for_bridge(epoch)
    bridge_total = run.bridge_status()["rows"]
    replayed = run.replay(epoch)
    summary |= {
        "state_hash_replayed": replayed["state_hash"],
        "bridge_rows": {kind: bridge["rows"][kind] for kind in ROW_KINDS},
        "replayed_rows": replayed["rows"],
        "bridge_lag": bridge["lag"],
    }
    wrong = []
    expect = wrong.append
    if summary["state_hash_live"] != summary["state_hash_replayed"]:
        expect("the replayed state is not the live one")
    if bridge["lag"] != 0:
        expect(f"the bridge is {bridge['lag']} commands behind after {BRIDGE_PATIENCE_S} s")
    wrong += wrong_rows(bridge["rows"], replayed["rows"], "of this run")
    wrong += wrong_rows(bridge_total, replayed["rows_total"], "in all")
    if summary["bridge_rows"]["fills"] != summary["fills"]:
        expect(f"the bridge has {summary['bridge_rows']['fills']} fills, the client saw "
               f"{summary['fills']}")
    return wrong


def wrong_rows(bridge, replayed, which):
    """The kinds of row of which the bridge has another number than a replay of the journal."""
    return [f"the bridge has {bridge[kind]:,} {kind.replace('_', ' ')} {which}, the journal "
            f"replays to {replayed[kind]:,}"
            for kind in ROW_KINDS if bridge[kind] != replayed[kind]]


def row_text(rows):
    return (f"{rows['orders']:>12,} orders   {rows['fills']:,} fills   "
            f"{rows['ledger_entries']:,} ledger entries   {rows['obligations']:,} obligations")


def row_lines(summary):
    if "bridge_rows" not in summary:
        return ""
    bridge, replayed = (row_text(summary[of]) for of in ("bridge_rows", "replayed_rows"))
    return f"""
  bridge      {bridge}   lag {summary['bridge_lag']}
  replayed    {replayed}"""


def show(summary):
    latency = summary["latency_ns"]["order_to_ack"]
    print(f"""
{summary['nic']}, {summary['transport']}, {summary['input']}, {summary['seconds']:.1f} s, \
client in {summary['client'].replace('in ', '')}
  orders      {summary['orders_sent']:>12,} sent   {summary['orders_accepted']:,} accepted   \
{summary['orders_rejected']:,} rejected   {summary['orders_unanswered']} unanswered
  fills       {summary['fills']:>12,}        {summary['quantity_filled']:,} lots   \
{summary['cancels']:,} cancels   {summary['replaces']:,} replaces
  journal     {summary['commands_journaled']:>12,} commands   {summary['events_journaled']:,} events
  state hash  {summary['state_hash_live']}, replayed \
{summary.get('state_hash_replayed', 'not at all')}
  ledger      imbalance {summary['ledger_imbalance']}   holds mismatched \
{summary['holds_outstanding_mismatch']}
  feed        {summary['feed_messages']:>12,} messages   {summary['feed_gaps']} gaps   \
{summary['feed_book_mismatches']} book mismatches{row_lines(summary)}
  order to ack, us   p50 {latency['p50'] / 1e3:.1f}   p99 {latency['p99'] / 1e3:.1f}   \
p99.9 {latency['p99_9'] / 1e3:.1f}   max {latency['max'] / 1e3:.1f}""")


def main():
    arguments = parse()
    lock = only_one()
    run = Run(arguments)
    status, keep_data = 1, True
    try:
        run.start_engine()
        run.start_bridge()
        if arguments.serve:
            status = serve(run)
        else:
            client_status = run.send_flow()
            summary, wrong = prove(run, client_status)
            show(summary)
            if arguments.summary:
                with open(arguments.summary, "w", encoding="utf-8") as file:
                    json.dump(summary, file, indent=2)
            for complaint in wrong:
                print(f"WRONG: {complaint}", file=sys.stderr)
            status = 1 if wrong else 0
            if not wrong:
                print("proved: everything answered, conserved, replayed and published"
                      if arguments.proof else
                      "everything answered and conserved; books, replay and bridge not proved")
        keep_data = status != 0
    except RunError as error:
        print(f"tools/run: {error}", file=sys.stderr)
    finally:
        run.clean(keep_data)
        if run.made_data and keep_data:
            print(f"the data is kept in {run.data}")
        lock.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
