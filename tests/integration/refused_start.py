"""A topology or a venue that is wrong is refused whole: the engine lists every error with its place,
exits 1, and has started and written nothing. So is one that asks for more memory than there is."""
import os
import re
import subprocess
import sys
import tempfile

from venue_client import BIN, LAPTOP, TINY, VENUE

BROKEN_VENUE = "tests/unit/broken_venue.toml"
BROKEN_TOPOLOGY = """\
name = "broken"
shards = 0
colour = "grey"

[limits]
orders_max = -1
sessions_max = 3_000_000_000

[[threads]]
name = "hot"
stages = ["gateway", "risk", "alchemy"]
"""


def start(topology, venue, data, *more):
    """Exit status, and what was said on standard error and on standard output."""
    done = subprocess.run([f"{BIN}/basalt-engine", "--topology", topology, "--venue", venue,
                           "--data", data, *more],
                          capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr.splitlines(), done.stdout


def check(topology, venue, data, errors, *more):
    """All of `errors`, each a file and a word, are listed in one go, and nothing ran. How many."""
    status, said, out = start(topology, venue, data, *more)
    assert status == 1, (status, said)
    assert "ready" not in out
    listed = [line for line in said if re.match(r"\S+\.toml(:\d+)?: ", line)]
    for file, what in errors:
        assert any(line.startswith(file) and what in line for line in listed), (file, what, said)
    assert said[-1] == (f"basalt-engine: {len(listed)} errors in the configuration; "
                        "nothing was started"), said[-1]
    assert not os.path.exists(data), "nothing was written"
    return len(listed)


def too_large(folder, data):
    """Limits that no machine has the memory for are refused before any of it is taken, by the sum,
    the part that is most of it, and the keys to lower."""
    with open(TINY, encoding="utf-8") as file:
        text = file.read()
    large = os.path.join(folder, "large.toml")
    with open(large, "w", encoding="utf-8") as file:
        file.write(text.replace("leaves_max = 16_384", "leaves_max = 268_435_456"))
    said_of_it = re.compile(rf"{re.escape(large)}: its limits and rings need (\d+) MiB of memory at "
                            r"start, most of it, (\d+) MiB, for books, and this machine has (\d+) "
                            r"MiB; lower leaves_max, .*")
    for more in ((), ("--check",)):
        status, said, out = start(large, VENUE, data, *more)
        assert status == 1 and out == "", (status, said, out)
        assert said[-1] == "basalt-engine: 1 error in the configuration; nothing was started", said
        told = said_of_it.fullmatch(said[0])
        assert told and len(said) == 2, said
        needed, books, machine = map(int, told.groups())
        # Two shards of a thousand bytes and more for each leaf, and little else.
        assert 2 * 268_435_456 * 1_000 >> 20 <= books <= needed < books + 1_024, told.groups()
        assert machine == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
        assert not os.path.exists(data), "nothing was written"


def main():
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data")
        broken = os.path.join(folder, "topology.toml")
        with open(broken, "w", encoding="utf-8") as file:
            file.write(BROKEN_TOPOLOGY)
        of_topology = [(broken, word) for word in ("shards", "colour", "orders_max", "alchemy")]
        of_venue = [(BROKEN_VENUE, word) for word in ("localhost:7001", "colour", "open_orders_max",
                                                      "collar_ppm", "SILVER", "1e3")]
        for more in ((), ("--check",)):
            one = check(broken, VENUE, data, of_topology, *more)
            other = check(LAPTOP, BROKEN_VENUE, data, of_venue, *more)
            both = check(broken, BROKEN_VENUE, data, of_topology + of_venue, *more)
            assert both == one + other, (one, other, both)
            absent = os.path.join(folder, "absent.toml")
            assert check(absent, absent, data, [(absent, "")], *more) == 2
        too_large(folder, data)
        status, said, out = start(LAPTOP, VENUE, data, "--check")
        assert status == 0 and not said, "these are right"
        assert re.fullmatch(r"topology and venue are sound; of \d+ MiB of memory the start takes "
                            r"[67]\d\d\n", out), out
        assert not os.path.exists(data), "and were checked only"
        assert start(LAPTOP, VENUE, data, "--chek")[0] == 2
    print("1 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
