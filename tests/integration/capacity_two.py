"""Every ring at capacity 2, all stages in one thread: a book of 10,000 orders is entered, swept by one
order and answered, without a hang and without a loss."""
import struct
import sys
import time

from venue_client import TINY, Engine, Soup, enter, replay

ORDERS = 10_000


def main():
    with Engine(topology=TINY) as engine:
        maker, taker = Soup("MAKER1"), Soup("MAKER2")
        accepted = 0
        for first in range(1, ORDERS + 1, 50):
            maker.send(*(enter(ref, b"S", 1, "AAPL", 1_000_000 + ref % 97 * 100)
                         for ref in range(first, first + 50)))
            while accepted < first + 49:
                message = maker.message(30)
                assert message is not None and message[:1] == b"A", message
                accepted += 1
        start = time.monotonic()
        taker.send(enter(1, b"B", ORDERS + 5, "AAPL", 1_500_000, b"3"))
        told = []
        while len(told) < ORDERS + 2:
            message = taker.message(60)
            assert message is not None, f"{len(told)} messages, then silence"
            told.append(message)
        kinds = b"".join(message[:1] for message in told)
        assert kinds == b"A" + b"E" * ORDERS + b"C", "accepted, executions, the rest cancelled"
        assert sum(struct.unpack(">I", m[13:17])[0] for m in told[1:-1]) == ORDERS
        assert struct.unpack(">I", told[-1][13:17])[0] == 5
        prices = [struct.unpack(">Q", m[17:25])[0] for m in told[1:-1]]
        assert prices == sorted(prices), "best price first"
        executed = maker.messages(2)
        assert len(executed) == ORDERS and all(m[:1] == b"E" for m in executed)
        print(f"swept {ORDERS} orders in {time.monotonic() - start:.2f} s")
        said = engine.stop()
        result = replay(engine.data)
        assert result["state_hash"] in said and result["fills"] == ORDERS
    print("1 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
