"""Administrative commands over the wire: what they do to orders, money and the feed, who may send
them, that each is applied once and answered once, and that all of it survives a kill. And what a
firm asks of all its orders: mass cancels, which a kill in the middle does not cut short, and order
entry off and on."""
import socket
import struct
import subprocess
import sys
import tempfile
import time

from udp_session import UdpSession, mold
from venue_client import (BIN, VENUE, Engine, Soup, assert_replays, cancel, enter, entry_switch,
                          mass_cancel, ref_of)

APPLIED, INSUFFICIENT, UNKNOWN, APPLIED_BEFORE, NOT_AN_ADMIN = 0, 25, 80, 82, 84
INVALID_VALUE, LIMIT_EXCEEDED, NOT_IN_AUCTION = 6, 83, 85
FEED_A = ("239.192.77.1", 7101)

# An account without money, so that what is paid in decides what it may order.
POOR = """
[[firms]]
name = "POOR"
[[accounts]]
name = "POOR"
firm = "POOR"
[[users]]
name = "POOR"
password = "basalt"
firm = "POOR"
account = "POOR"
cancel_on_disconnect = false
"""
DOLLAR = 10**10  # Minor units.


def head(kind, ref, id_):
    return kind + struct.pack(">I", ref) + id_.to_bytes(16, "big")


def state(ref, id_, symbol, letter):
    return head(b"i", ref, id_) + symbol.encode().ljust(8) + letter


def payment(kind, ref, id_, account, asset, amount):
    return (head(kind, ref, id_) + account.encode().ljust(15) + asset.encode().ljust(11)
            + amount.to_bytes(16, "big"))


def deposit(*arguments):
    return payment(b"d", *arguments)


def answer_of(message):
    """(number, id, reason) of an Admin Response."""
    assert message is not None and message[:1] == b"r" and len(message) == 31, message
    return (ref_of(message), int.from_bytes(message[13:29], "big"),
            struct.unpack(">H", message[29:31])[0])


def ask(session, message):
    session.send(message)
    ref, id_ = struct.unpack(">I", message[1:5])[0], int.from_bytes(message[5:21], "big")
    told = answer_of(session.message())
    assert told[:2] == (ref, id_), (told, ref, id_)
    return told[2]


def order(client, ref, symbol="AAPL"):
    """Buys one at 100.00; the reason of its refusal, or None."""
    client.send(enter(ref, b"B", 1, symbol, 1_000_000))
    told = client.message()
    assert ref_of(told) == ref, told
    return None if told[:1] == b"A" else struct.unpack(">H", told[13:15])[0]


class Feed:
    """Feed A, as any receiver of the group hears it."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(FEED_A)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                               socket.inet_aton(FEED_A[0]) + socket.inet_aton("127.0.0.1"))

    def trading_action(self, symbol):
        """The state in the next Stock Trading Action of this symbol; None: nothing tells it."""
        self.socket.settimeout(5)
        end = time.monotonic() + 5
        while time.monotonic() < end:  # Heartbeats go on coming.
            datagram = self.socket.recv(2048)
            at = 20
            for _ in range(struct.unpack(">H", datagram[18:20])[0] % 0xFFFF):
                size = struct.unpack(">H", datagram[at:at + 2])[0]
                message = datagram[at + 2:at + 2 + size]
                at += 2 + size
                if message[:1] == b"H" and message[11:19] == symbol.encode().ljust(8):
                    return message[19:20]
        return None


def command_line(*words, user="ADMIN", id_=None):
    """(exit status, the last line that it said) of `basalt admin`."""
    options = ["--user", user, "--password", "basalt"]
    if id_ is not None:
        options += ["--id", f"{id_:032x}"]
    done = subprocess.run([f"{BIN}/basalt", "admin", *options, *words], capture_output=True,
                          text=True, check=False)
    said = (done.stdout + done.stderr).strip().splitlines()
    return done.returncode, said[-1] if said else ""


def applied(*words, as_="applied", **options):
    said = command_line(*words, **options)
    assert said == (0, as_), (words, said)


def halts(admin, maker, feed):
    assert feed.trading_action("AAPL") == b"T", "as it was defined"
    assert order(maker, 1) is None
    assert ask(admin, state(1, 1, "AAPL", b"H")) == APPLIED
    assert feed.trading_action("AAPL") == b"H"
    assert order(maker, 2) == 0x07, "halted"
    assert order(maker, 3, "MSFT") is None, "only this one"
    maker.send(cancel(1))
    assert maker.message()[:1] == b"C", "what rests can be cancelled"
    assert ask(admin, state(2, 2, "AAPL", b"O")) == APPLIED
    assert feed.trading_action("AAPL") == b"T"
    assert order(maker, 4) is None
    assert ask(admin, state(3, 1, "AAPL", b"H")) == APPLIED_BEFORE
    assert order(maker, 5) is None, "it was not done again"
    return 3


def auctions(admin, buyer, ref):
    seller = Soup("MAKER2")
    assert ask(admin, state(ref + 1, 3, "GOOG", b"U")) == NOT_IN_AUCTION
    assert ask(admin, state(ref + 2, 4, "GOOG", b"A")) == APPLIED
    buyer.send(enter(10, b"B", 1, "GOOG", 1_010_000, tif=b"3"))
    assert buyer.message()[13:15] == b"\0\x14", "it would have to trade at once"
    for client, number, side, quantity, price in ((buyer, 11, b"B", 10, 1_010_000),
                                                  (seller, 1, b"S", 4, 990_000)):
        client.send(enter(number, side, quantity, "GOOG", price))
        assert client.message()[:1] == b"A"
    assert buyer.message(0.3) is None, "an auction gathers"
    assert ask(admin, state(ref + 3, 5, "GOOG", b"O")) == APPLIED
    told = [client.message() for client in (buyer, seller)]
    assert [message[:1] + message[13:17] for message in told] == [b"E\0\0\0\4"] * 2, told
    assert told[0][17:] == told[1][17:], "one price, one number, one kind of cross"
    assert told[0][25:26] == b"O" and 990_000 <= int.from_bytes(told[0][17:25], "big") <= 1_010_000
    seller.send(enter(2, b"S", 6, "GOOG", 1_010_000))
    assert seller.message()[:1] == b"A"
    assert seller.message()[25:26] == b"R" and buyer.message()[25:26] == b"A", "trading is open"
    seller.close()
    return ref + 3


def pays(admin, poor, ref):
    assert order(poor, 1) == 0x20, "without funds"
    # One of these covers one order with its fees; both would cover two.
    once = 150 * DOLLAR
    assert ask(admin, deposit(ref + 1, 10, "POOR", "USD", once)) == APPLIED
    assert ask(admin, deposit(ref + 2, 10, "POOR", "USD", once)) == APPLIED_BEFORE
    assert order(poor, 2) is None
    assert order(poor, 3) == 0x20, "it was paid once"
    assert ask(admin, payment(b"w", ref + 3, 11, "POOR", "USD", once)) == INSUFFICIENT
    assert ask(admin, deposit(ref + 4, 12, "NOBODY", "USD", once)) == UNKNOWN
    assert ask(admin, deposit(ref + 5, 13, "POOR", "USD", 2**128 - 1)) == LIMIT_EXCEEDED
    assert ask(admin, deposit(ref + 6, 0, "POOR", "USD", once)) == INVALID_VALUE
    assert ask(admin, head(b"e", ref + 7, 14) + b"?") == INVALID_VALUE
    assert ask(admin, head(b"a", ref + 8, 15) + b"POOR".ljust(15) + b"S") == APPLIED
    assert order(poor, 4) == 0x0C, "suspended"
    assert ask(admin, head(b"a", ref + 9, 16) + b"POOR".ljust(15) + b"A") == APPLIED
    assert order(poor, 5) == 0x20
    # Retransmissions, and what is no such message, get silence.
    admin.send(deposit(ref + 9, 17, "POOR", "USD", once), deposit(1, 18, "POOR", "USD", once),
               deposit(ref + 10, 19, "POOR", "USD", once)[:-1], b"z" + bytes(62))
    assert admin.message(0.3) is None
    return ref + 9


def is_for_administrators(maker):
    assert ask(maker, state(100, 30, "AAPL", b"H")) == NOT_AN_ADMIN
    assert ask(maker, deposit(101, 31, "MAKER1", "USD", 1)) == NOT_AN_ADMIN
    assert order(maker, 102) is None


def works_over_udp(ref):
    session = UdpSession("ADMIN", first=0)
    session.send(mold(session.token, 1, deposit(ref + 1, 40, "POOR", "USD", 1)))
    answers = session.collect()
    assert [answer_of(message) for message in answers.values()] == [(ref + 1, 40, APPLIED)]
    return ref + 1


def the_command_line(maker):
    applied("state", "MSFT", "halted", id_=50)
    assert order(maker, 200, "MSFT") == 0x07
    applied("state", "MSFT", "halted", id_=50, as_="applied before")
    applied("state", "MSFT", "open")
    assert order(maker, 201, "MSFT") is None
    for words in (("deposit", "POOR", "USD", "0.5", "--decimals", "10"),
                  ("withdraw", "POOR", "USD", "5000000000"), ("fees", "GOOG", "-100", "300"),
                  ("account", "POOR", "suspended"), ("account", "POOR", "active"),
                  ("event", "start-of-market-hours"), ("limit", "collar", "GOOG", "100000"),
                  ("limit", "open-orders", "MAKER8", "1")):
        applied(*words)
    for words, reason in ((("withdraw", "POOR", "USD", "1000", "--decimals", "10"), INSUFFICIENT),
                          (("state", "NOSUCH", "open"), UNKNOWN),
                          (("fees", "GOOG", "0", "2000"), LIMIT_EXCEEDED)):
        status, said = command_line(*words)
        assert status == 1 and said.startswith("refused: ") and f"({reason})" in said, said
    trader = Soup("MAKER8")
    assert order(trader, 1) is None
    assert order(trader, 2) == 0x20, "beyond its limit of live orders"
    trader.close()
    status, said = command_line("state", "AAPL", "halted", user="MAKER8")
    assert status == 1 and f"({NOT_AN_ADMIN})" in said, said
    status, said = command_line("state", "AAPL", "halted", user="NOBODY")
    assert status == 1 and "login refused" in said, said
    for words in ((), ("state",), ("state", "AAPL", "ajar"), ("deposit", "POOR", "USD", "0.5"),
                  ("deposit", "A" * 16, "USD", "1"), ("event", "start-of-day", "--id", "12"),
                  ("limit", "ajar", "POOR", "5")):
        assert command_line(*words)[0] == 2, words


def kinds(messages):
    """Of each: its type, the number that it is about and, of a Canceled, why."""
    return [(message[:1], ref_of(message), message[17:18] if message[:1] == b"C" else b"")
            for message in messages]


def of_the_firm(client):
    """Through its only session; `client` has nothing to read. The numbers start at 1000."""
    client.send(mass_cancel(1000))
    assert client.messages()[0][:1] == b"X", "whatever rested is gone"
    client.send(enter(1001, b"B", 1, "AAPL", 990_000), enter(1002, b"S", 1, "AAPL", 1_990_000),
                enter(1003, b"B", 1, "MSFT", 990_000))
    assert [message[:1] for message in client.messages()] == [b"A"] * 3
    client.send(mass_cancel(1004, "AAPL", b"\x02\x1bB"))
    told = client.messages()
    assert kinds(told) == [(b"X", 1004, b""), (b"C", 1001, b"U")], told
    assert told[0][13:] == b"MKR1AAPL    \0\3\2\x1bB", told[0]
    client.send(entry_switch(b"D", 1005))
    assert client.message()[13:] == b"MKR1\0\0"
    assert order(client, 1006) == 0x0C, "switched off"
    client.send(mass_cancel(1007, "NOSUCH"), mass_cancel(1007))
    assert kinds(client.messages()) == [(b"J", 1007, b"")], "and a number is used once"
    applied("mass-cancel", "--account", "MAKER1", "--symbol", "MSFT")
    assert kinds(client.messages()) == [(b"C", 1003, b"S")]
    for words in (("mass-cancel",), ("mass-cancel", "--symbol", "AAPL", "--side", "up")):
        assert command_line(*words)[0] == 2, words
    assert command_line("mass-cancel", "--account", "NOBODY")[0] == 1


def is_killed_in_a_mass_cancel(data, venue, first, count):
    """Enters so many orders, cancels them at once, and kills the engine as soon as it says that it
    will. Did that cut it short? Either way, nothing is left after the next start."""
    request = first + count
    with Engine(data, venue=venue) as engine:
        client = Soup("MAKER1", 1 << 40)
        for start in range(first, first + count, 500):
            client.send(*(enter(ref, b"B", 1, "AAPL", 500_000 + ref % 1000 * 100)
                          for ref in range(start, start + 500)))
            for _ in range(500):
                assert client.message()[:1] == b"A"
        client.send(mass_cancel(request))
        while client.message()[:1] != b"X":
            pass
        engine.kill()
    done = subprocess.run([f"{BIN}/basalt", "journal", "dump", "--data", data],
                          capture_output=True, text=True, check=False).stdout
    was_cut = not any("command=mass_cancel_done" in line and f"user_ref_num={request} " in line
                      for line in done.splitlines())
    with Engine(data, venue=venue) as engine:
        client = Soup("MAKER1", 1)
        gone = {ref for kind, ref, why in kinds(client.messages(2)) if kind == b"C"}
        assert set(range(first, first + count)) <= gone, "some order was left"
        client.close()
        assert_replays(data, engine.stop())
    return was_cut


def main():
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as venue:
        with open(VENUE, encoding="utf-8") as demo:
            venue.write(demo.read() + POOR)
        venue.flush()
        feed = Feed()
        with Engine(venue=venue.name) as engine:
            admin, maker, poor = Soup("ADMIN"), Soup("MAKER1"), Soup("POOR")
            ref = auctions(admin, maker, halts(admin, maker, feed))
            ref = pays(admin, poor, ref)
            is_for_administrators(maker)
            assert ask(admin, state(ref + 1, 20, "GOOG", b"H")) == APPLIED
            ref = works_over_udp(ref + 1)
            the_command_line(maker)
            streams = {user: Soup(user, 1).messages() for user in ("ADMIN", "MAKER1", "MAKER2", "POOR")}
            assert len(streams["ADMIN"]) > ref + 8
            engine.kill()

            with Engine(engine.data, venue=venue.name) as again:
                for user, stream in streams.items():
                    session = Soup(user, 1)
                    assert session.messages() == stream, f"the stream of {user} is not what it was"
                    session.close()
                admin, maker = Soup("ADMIN", len(streams["ADMIN"]) + 1), Soup("MAKER1", 1 << 40)
                assert order(maker, 300, "GOOG") == 0x07, "still halted"
                admin.send(deposit(ref, 60, "POOR", "USD", DOLLAR))
                assert admin.message(0.3) is None, "its number was used before the kill"
                assert ask(admin, deposit(1000, 10, "POOR", "USD", DOLLAR)) == APPLIED_BEFORE
                assert ask(admin, state(1001, 61, "GOOG", b"O")) == APPLIED
                assert order(maker, 301, "GOOG") is None
                of_the_firm(maker)
                said = again.stop()
            assert_replays(engine.data, said)
            with Engine(engine.data, venue=venue.name) as again:
                maker = Soup("MAKER1", 1 << 40)
                assert order(maker, 1100) == 0x0C, "still switched off"
                maker.send(entry_switch(b"E", 1101))
                assert maker.message()[:1] == b"K"
                assert order(maker, 1102) is None
                said = again.stop()
            assert_replays(engine.data, said)
            assert any(is_killed_in_a_mass_cancel(engine.data, venue.name, 100_000 * i, 20_000)
                       for i in range(1, 4)), "none was cut short: the test says nothing"
    print("1 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
