"""Orders with options, over the wire: reserves, stops, minimum quantities, self-trade prevention, orders
that hide or are pegged, market orders that rest, links. What their owners are told, and that a restart and
a replay tell the same.
"""
import struct
import sys

from venue_client import (TINY, Engine, Soup, assert_replays, assert_streams_stay, cancel, enter, expect,
                          option, replace, say, streams_of)

TICK = 100
MIDDLE = 1_500_000


def max_floor(lots):
    return option(5, struct.pack(">I", lots))


def min_quantity(lots):
    return option(3, struct.pack(">I", lots))


def stop(price):
    return option(131, struct.pack(">Q", price))


def prevent(letter):
    return option(130, letter)


def random_reserves(lots):
    return option(13, struct.pack(">I", lots))


def linked_to(ref):
    return option(137, struct.pack(">I", ref))


def trail(distance):
    return option(138, struct.pack(">Q", distance))


AT_MARKET = 0x7FFFFFFF
RESTS = option(136, b"R")


def reserves(maker, taker):
    say(maker, "A1", enter(1, b"S", 25, "AAPL", MIDDLE, options=max_floor(10)))
    say(maker, "A2", enter(2, b"S", 10, "AAPL", MIDDLE))
    # Ten that show, ten of the next, and five that had gone to the back.
    say(taker, "A1 E1:10 E1:10 E1:5", enter(1, b"B", 25, "AAPL", MIDDLE))
    expect(maker, "E1:10 R1:R10 E2:10 E1:5")
    say(maker, "C1:10U", cancel(1))
    say(maker, "J3:04", enter(3, b"S", 2_000, "AAPL", MIDDLE, options=max_floor(1)))


def minimums(maker, taker):
    say(maker, "A11", enter(11, b"S", 10, "AAPL", MIDDLE))
    say(taker, "A11 C11:20I", enter(11, b"B", 20, "AAPL", MIDDLE, options=min_quantity(11)))
    say(taker, "J12:0d", enter(12, b"B", 20, "AAPL", MIDDLE, options=min_quantity(21)))
    say(taker, "A13 E13:10", enter(13, b"B", 20, "AAPL", MIDDLE, options=min_quantity(10)))
    expect(maker, "E11:10")
    say(taker, "C13:10U", cancel(13))


def stops(maker, taker):
    high = MIDDLE + 10 * TICK
    say(taker, "A21", enter(21, b"B", 10, "AAPL", high, options=stop(MIDDLE + TICK)))
    say(maker, "A21", enter(21, b"S", 5, "AAPL", MIDDLE + TICK))
    say(maker, "A22", enter(22, b"S", 10, "AAPL", MIDDLE + 2 * TICK))
    # A trade of others takes it into the market, where it meets the rest.
    say(maker, "A23 E23:5 E21:5 E22:10", enter(23, b"B", 5, "AAPL", MIDDLE + TICK))
    expect(taker, "R21:T E21:10")
    say(taker, "A24", enter(24, b"B", 10, "AAPL", high, options=stop(high)))
    say(taker, "U25", replace(24, 25, 12, high))
    say(taker, "C25:12U", cancel(25))
    say(taker, "J26:1d", enter(26, b"B", 10, "AAPL", high, options=stop(high + 1)))


def prevention(maker):
    letters = {b"N": "A{0} C{0}:10Q", b"O": "A{0} C{1}:10Q", b"B": "A{0} C{1}:10Q C{0}:10Q",
               b"D": "A{0} C{1}:10Q C{0}:10Q"}
    for number, (letter, expected) in enumerate(letters.items()):
        ref = 31 + 2 * number
        say(maker, f"A{ref}", enter(ref, b"S", 10, "AAPL", MIDDLE))
        say(maker, expected.format(ref + 1, ref),
            enter(ref + 1, b"B", 10, "AAPL", MIDDLE, options=prevent(letter)))
        maker.send(cancel(ref), cancel(ref + 1))
        maker.messages()
    say(maker, "J41:0f", enter(41, b"B", 10, "AAPL", MIDDLE, options=prevent(b"?")))


def random_parts(maker, taker):
    say(maker, "A42", enter(42, b"S", 19, "AAPL", MIDDLE, options=max_floor(10) + random_reserves(3)))
    say(taker, "A42 E42:10", enter(42, b"B", 10, "AAPL", MIDDLE))
    # The first size of the seed that a venue has which names none.
    expect(maker, "E42:10 R42:R9")
    say(maker, "C42:9U", cancel(42))
    say(maker, "J43:04", enter(43, b"S", 19, "AAPL", MIDDLE, options=max_floor(3) + random_reserves(3)))


def remainders(maker, taker):
    say(maker, "A44", enter(44, b"S", 4, "AAPL", MIDDLE))
    say(taker, "A44 E44:4", enter(44, b"B", 10, "AAPL", AT_MARKET, options=RESTS))
    expect(maker, "E44:4")
    say(maker, "A45 E45:6", enter(45, b"S", 6, "AAPL", MIDDLE))
    expect(taker, "E44:6")
    say(taker, "J45:0f", enter(45, b"B", 10, "AAPL", MIDDLE, options=RESTS))


def links(maker, taker):
    say(maker, "A46", enter(46, b"S", 5, "AAPL", MIDDLE))
    say(maker, "A47", enter(47, b"S", 5, "AAPL", MIDDLE + TICK, options=linked_to(46)))
    say(taker, "A46 E46:1", enter(46, b"B", 1, "AAPL", MIDDLE))
    expect(maker, "E46:1 C47:5U")
    say(maker, "J48:0f", enter(48, b"S", 5, "AAPL", MIDDLE + TICK, options=linked_to(47)))
    say(maker, "C46:4U", cancel(46))


def trailing_stops(maker, taker):
    # It begins ten ticks below the last trade, and rises with it by five.
    say(taker, "A47", enter(47, b"S", 5, "AAPL", MIDDLE - 90 * TICK, options=trail(10 * TICK)))
    say(maker, "A49", enter(49, b"S", 1, "AAPL", MIDDLE + 5 * TICK))
    say(maker, "A50 E50:1 E49:1", enter(50, b"B", 1, "AAPL", MIDDLE + 5 * TICK))
    say(maker, "A51", enter(51, b"B", 6, "AAPL", MIDDLE - 5 * TICK))
    say(maker, "A52 E52:1 E51:1 E51:5", enter(52, b"S", 1, "AAPL", MIDDLE - 5 * TICK))
    expect(taker, "R47:T E47:5")


def hiding(maker, taker):
    say(maker, "A53", enter(53, b"S", 10, "AAPL", MIDDLE, display=b"N"))
    say(maker, "U54", replace(53, 54, 8, MIDDLE, display=b"N"))
    say(maker, "A55", enter(55, b"S", 2, "AAPL", MIDDLE))
    say(taker, "A53 E53:2 E53:3", enter(53, b"B", 5, "AAPL", MIDDLE))
    expect(maker, "E55:2 E54:3")
    # What hid is not shown by a replacement that forgets it.
    say(maker, "C54:5S", replace(54, 56, 8, MIDDLE))


def pegs(maker, taker):
    say(maker, "A57", enter(57, b"B", 5, "AAPL", MIDDLE - TICK))
    say(maker, "A58", enter(58, b"S", 5, "AAPL", MIDDLE + TICK))
    # It stands in the middle, not at its limit.
    say(taker, "A54", enter(54, b"B", 5, "AAPL", MIDDLE + 10 * TICK, display=b"N",
                            options=option(6, b"M")))
    say(maker, "A59 E59:5", enter(59, b"S", 5, "AAPL", MIDDLE))
    expect(taker, "E54:5")
    say(maker, "C57:5U C58:5U", cancel(57), cancel(58))


def main():
    with Engine(topology=TINY) as engine:
        maker, taker = Soup("MAKER1"), Soup("MAKER2")
        maker.messages()
        taker.messages()
        reserves(maker, taker)
        minimums(maker, taker)
        stops(maker, taker)
        prevention(maker)
        random_parts(maker, taker)
        remainders(maker, taker)
        links(maker, taker)
        trailing_stops(maker, taker)
        hiding(maker, taker)
        pegs(maker, taker)
        say(maker, "A61", enter(61, b"S", 30, "AAPL", MIDDLE, options=max_floor(10)))
        say(taker, "A61", enter(61, b"B", 10, "AAPL", MIDDLE + 50 * TICK,
                                options=stop(MIDDLE + 40 * TICK)))
        streams = streams_of("MAKER1", "MAKER2")
        engine.kill()

        with Engine(engine.data, topology=TINY) as again:
            assert_streams_stay(streams)
            maker, taker = Soup("MAKER1", 1 << 40), Soup("MAKER2", 1 << 40)
            say(taker, "A71 E71:10 E71:5", enter(71, b"B", 15, "AAPL", MIDDLE))
            expect(maker, "E61:10 R61:R10 E61:5")
            said = again.stop()
        assert_replays(engine.data, said)
    print("1 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
