"""Quotes over the wire: replaced as one, protected and withdrawn, and mass-cancelled as a group. What their
owners are told, and that a restart goes on where it was: with the quote that stands, with what its protection
has counted, and with what it has withdrawn.
"""
import struct
import sys

from venue_client import (TINY, Engine, Soup, assert_replays, assert_streams_stay, cancel, enter, expect,
                          mass_cancel, option, protect, quote, replace, say, streams_of)

TICK = 100
MIDDLE = 1_500_000
BID = MIDDLE - TICK
OFFER = MIDDLE + TICK
HOUR = 3_600_000  # A window that nobody waits for, in milliseconds.


def group(number):
    return option(24, struct.pack(">H", number))


def both(ref, quantity=10, options=b""):
    return quote(ref, "AAPL", (quantity, BID), (quantity, OFFER), options)


def replaced_as_one(maker, taker):
    say(maker, "A1 A2", both(1))
    say(maker, "C1:10U C2:10U A3 A4", both(3))
    # Where the new buy is above the old sell, the two never meet.
    say(maker, "C3:10U C4:10U A5 A6",
        quote(5, "AAPL", (10, OFFER + TICK), (10, OFFER + 2 * TICK)))
    say(taker, "A1 E1:4", enter(1, b"S", 4, "AAPL", OFFER + TICK))
    expect(maker, "E5:4")
    # One side alone withdraws the other; a quote of nothing withdraws both, and asks for no number.
    say(maker, "C5:6U C6:10U A7", quote(7, "AAPL", (10, BID), (0, 0)))
    say(maker, "C7:10U", quote(8, "AAPL", (0, 0), (0, 0)))


def refused(maker):
    say(maker, "A8 A9", both(8))
    say(maker, "J10:12 J11:12", quote(10, "AAPL", (10, OFFER), (10, OFFER)))
    say(maker, "J12:17 J13:17", quote(12, "NOTHING", (10, BID), (10, OFFER)))
    say(maker, "C8:10S", replace(8, 14, 5, BID))
    say(maker, "C9:10U", cancel(9))


def grouped(maker):
    say(maker, "A21 A22", both(21, options=group(7)))
    say(maker, "A23", enter(23, b"S", 10, "AAPL", OFFER, options=group(8)))
    say(maker, "X24 C21:10U C22:10U", mass_cancel(24, "AAPL", group(7)))
    say(maker, "C23:10U", cancel(23))


def protected(maker, taker):
    say(maker, "p31:S", protect(31, "AAPL", HOUR, quantity=6))
    say(maker, "A32 A33", both(32))
    say(taker, "A31 E31:5", enter(31, b"S", 5, "AAPL", BID))
    expect(maker, "E32:5")
    # What is left of the taker comes to where the quote was.
    say(taker, "A32 E32:5", enter(32, b"S", 8, "AAPL", BID))
    expect(maker, "E32:5 p31:W C33:10p")
    say(taker, "C32:3U", cancel(32))
    say(maker, "J34:29 J35:29", both(34))
    say(maker, "p36:S", protect(36, "AAPL", HOUR, fills=2))
    say(maker, "A37 A38", both(37))
    say(taker, "A33 E33:1", enter(33, b"B", 1, "AAPL", OFFER))
    expect(maker, "E38:1")


def after_restart(maker, taker):
    # The quote of before stands, and its first fill counts.
    say(maker, "C37:10U C38:9U A41 A42", both(41))
    say(taker, "A41 E41:1", enter(41, b"B", 1, "AAPL", OFFER))
    expect(maker, "E42:1 p36:W C41:10p C42:9p")
    say(maker, "J43:29 J44:29", both(43))
    say(maker, "p45:E", protect(45, "AAPL", 0))
    say(maker, "A46 A47", both(46))


def main():
    with Engine(topology=TINY) as engine:
        maker, taker = Soup("MAKER1"), Soup("MAKER2")
        maker.messages()
        taker.messages()
        replaced_as_one(maker, taker)
        refused(maker)
        grouped(maker)
        protected(maker, taker)
        streams = streams_of("MAKER1", "MAKER2")
        engine.kill()

        with Engine(engine.data, topology=TINY) as again:
            assert_streams_stay(streams)
            maker, taker = Soup("MAKER1", 1 << 40), Soup("MAKER2", 1 << 40)
            after_restart(maker, taker)
            said = again.stop()
        assert_replays(engine.data, said)
    print("1 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
