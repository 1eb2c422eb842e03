"""After their start the engine's hot threads ask no allocator: traded with over TCP and UDP, with
sessions that come and go, the engine reports that each has taken nothing. And it says whose malloc it
has, and where that takes memory."""
import os
import re
import struct
import sys

from udp_session import UdpSession, mold
from venue_client import LAPTOP, TINY, Engine, Soup, cancel, enter, replace


def nodes_of_this_machine():
    """As the kernel lists them; one without NUMA has node 0."""
    try:
        names = os.listdir("/sys/devices/system/node")
    except FileNotFoundError:
        names = []
    return sorted(int(name[4:]) for name in names if re.fullmatch(r"node\d+", name)) or [0]


def trade_over_tcp(rounds):
    """Orders, fills, replacements and cancels of two sessions, which then hang up."""
    for number in range(rounds):
        maker, taker = Soup("MAKER1"), Soup("MAKER2")
        first = 1 + number * 1_000
        maker.send(*(enter(ref, b"S", 10, "AAPL", 1_000_000 + ref % 7 * 100)
                     for ref in range(first, first + 200)))
        assert sum(m[:1] == b"A" for m in maker.messages(1)) >= 200
        taker.send(enter(first, b"B", 500, "AAPL", 1_000_600, b"3"))
        maker.send(replace(first + 150, first + 900, 5, 1_000_700), cancel(first + 160))
        assert any(m[:1] == b"E" for m in taker.messages(1))
        assert any(m[:1] == b"U" for m in maker.messages(1))
        maker.close()
        taker.close()


def trade_over_udp():
    """Datagrams in order, doubled, with a hole, and some that are none."""
    client = UdpSession("MAKER3")
    for number in range(1, 101):
        client.send(mold(client.token, number, enter(number, b"B", 1, "MSFT", 1_000_000)))
    client.send(mold(client.token, 102, enter(102, b"B", 1, "MSFT", 1_000_000)))
    client.send(mold(client.token, 1, count=50))
    for junk in (b"", b"x" * 19, struct.pack(">I", 7) * 300):
        client.send(junk)
    assert len(client.collect()) >= 90


def check(topology, rounds):
    with Engine(topology=topology) as engine:
        trade_over_tcp(rounds)
        trade_over_udp()
        engine.stop()
        report = engine.counted()
        assert report["gateway"]["commands"] > 300, report["gateway"]
        assert any(line.startswith("allocator   jemalloc 5") for line in engine.said), engine.said
        assert report["allocator"]["name"].startswith("jemalloc 5"), report["allocator"]
        nodes = [arena["node"] for arena in report["allocator"]["arenas"]]
        assert nodes and nodes == nodes_of_this_machine(), "an arena for each node"
        for thread in report["threads"]:
            assert thread["allocated_bytes"] == 0, thread
            assert thread["core"] is None or thread["node"] in nodes, thread
        return [thread["name"] for thread in report["threads"]]


def main():
    assert check(LAPTOP, 3) == ["hot"]
    assert check(TINY, 1) == ["hot"]
    print("1 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
