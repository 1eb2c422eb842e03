"""The journal alone says how large its followers must be: replay and bridge need no topology. Limits may
grow from one start to the next, and fall to what is in use; a start below that is refused.
"""
import os
import re
import subprocess
import sys

from venue_client import BIN, TINY, Engine, Soup, enter, replay


def topology(directory, **changes):
    """The path of the tiny topology with other values for some keys, or with further lines."""
    with open(TINY, encoding="utf-8") as file:
        text = file.read()
    for key, value in changes.items():
        text, count = re.subn(rf"(?m)^{key} = \S+", f"{key} = {value}", text)
        if count == 0:
            text = f"{key} = {value}\n" + text
    path = os.path.join(directory, "other.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def run(data, path, first_ref):
    """One epoch with some orders. Returns its state hash."""
    engine = Engine(data, topology=path)
    engine.made = False
    maker = Soup("MAKER1", 1)
    maker.messages(0.5)
    maker.send(*(enter(first_ref + i, b"S" if i % 2 else b"B", 10, "AAPL",
                       1_500_000 + (i % 2) * 100) for i in range(20)))
    told = maker.messages(1)
    assert len(told) == 20 and all(message[:1] == b"A" for message in told), told
    said = engine.stop()
    return re.search(r"state hash ([0-9a-f]{16})", said)[1]


def levels_run_out(data):
    """Room for levels is what the epoch said it was, also in a replay under more."""
    def trade(leaves, *orders):
        engine = Engine(data, topology=topology(data, leaves_max=leaves))
        engine.made = False
        maker = Soup("MAKER1", 1)
        maker.messages(0.5)
        maker.send(*(enter(ref, side, 10, "AAPL", price) for ref, side, price in orders))
        told = b"".join(message[:1] for message in maker.messages(1))
        return told, re.search(r"state hash ([0-9a-f]{16})", engine.stop())[1]

    # Each of these prices needs a leaf of its own.
    told, _ = trade(2, (1, b"B", 1_500_000), (2, b"S", 1_500_100), (3, b"B", 1_300_000))
    assert told == b"AAJ", told
    told, state = trade(3, (4, b"B", 1_300_000), (5, b"B", 1_200_000))
    assert told[-2:] == b"AJ", told
    os.remove(os.path.join(data, "topology.toml"))
    assert replay(data)["state_hash"] == state
    bridge(data)
    refused(data, topology(data, leaves_max=2), "'leaves_max' is 2", "has 3 in use")


def refused(data, path, *words):
    """The engine does not start, and says why."""
    done = subprocess.run([f"{BIN}/basalt-engine", "--venue", "hw-config/venues/demo.toml",
                           "--topology", path, "--data", data, "--nic", "uring"],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1, done
    for word in words:
        assert word in done.stderr, done.stderr


def bridge(data):
    done = subprocess.run([f"{BIN}/basalt-bridge", "--data", data, "--once"], capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def main():
    with Engine(topology=TINY) as first:
        data = first.data
        first.stop()
        kept = os.path.join(data, "topology.toml")

        state = run(data, topology(data), 1)
        assert replay(data)["state_hash"] == state
        os.remove(kept)
        assert replay(data)["state_hash"] == state, "without a topology"
        bridge(data)
        with open(topology(data, accounts_max=8, orders_max=4), encoding="utf-8") as file, \
                open(kept, "w", encoding="utf-8") as other:
            other.write(file.read())
        assert replay(data)["state_hash"] == state, "with another topology beside the journal"

        # Larger, with the instruments laid out by hand.
        state = run(data, topology(data, orders_max=40_000, accounts_max=256,
                                   settlement_obligations_max=4_096,
                                   instruments_of_shards="[[0, 1, 2], [3, 4]]"), 101)
        os.remove(kept)
        assert replay(data)["state_hash"] == state, "with larger limits"
        bridge(data)

        # 40 orders rest.
        refused(data, topology(data, accounts_max=2), "'accounts_max' is 2", "in use")
        refused(data, topology(data, orders_max=39), "'orders_max' is 39", "has 40 in use")
        state = run(data, topology(data, orders_max=64), 201)
        os.remove(kept)
        assert replay(data)["state_hash"] == state, "with a smaller limit that is enough"
        bridge(data)
    with Engine(topology=TINY) as second:
        second.stop()
        levels_run_out(second.data)
    print("2 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
