"""A session over UDP: login in band, numbered datagrams put in order or given up, answers asked for
again, the stream resumed over TCP byte for byte."""
import random
import socket
import struct
import sys
import time

from venue_client import Engine, Soup, enter, ref_of, replay

ORDERS = ("127.0.0.1", 7002)
BLANK = b" " * 10


def mold(session, number, *blocks, count=None):
    return (session + struct.pack(">QH", number, len(blocks) if count is None else count)
            + b"".join(struct.pack(">H", len(block)) + block for block in blocks))


def parse(datagram):
    session, number, count = datagram[:10], *struct.unpack(">QH", datagram[10:20])
    blocks, at = [], 20
    for _ in range(count if count != 0xFFFF else 0):
        size = struct.unpack(">H", datagram[at:at + 2])[0]
        blocks.append(datagram[at + 2:at + 2 + size])
        at += 2 + size
    assert at == len(datagram)
    return session, number, blocks


class UdpSession:
    def __init__(self, user, password="basalt", first=1):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.answers = {}
        self._login = mold(BLANK, 0, b"L" + user.encode().ljust(6) + password.encode().ljust(10)
                           + BLANK + str(first).encode().rjust(20))
        self.reply = self.log_in()
        self.token = self.reply[1:11]

    def log_in(self, times=1):
        """Sends the login so often. The answer, which is the same each time."""
        for _ in range(times):
            self.send(self._login)
        replies = set()
        for _ in range(times):
            session, number, blocks = self.receive()
            while session != BLANK:  # An answer or a heartbeat in between.
                session, number, blocks = self.receive()
            assert number == 0 and len(blocks) == 1
            replies.add(blocks[0])
        assert len(replies) == 1, replies
        return replies.pop()

    def send(self, datagram):
        self.socket.sendto(datagram, ORDERS)

    def receive(self, timeout=3):
        self.socket.settimeout(timeout)
        return parse(self.socket.recvfrom(2048)[0])

    def collect(self, quiet=0.3):
        """All answers until nothing has come for so long, by number."""
        end = time.monotonic() + quiet
        while time.monotonic() < end:
            try:
                session, number, blocks = self.receive(quiet)
            except (TimeoutError, socket.timeout):
                break
            assert session == self.token
            if blocks:
                end = time.monotonic() + quiet
            for place, block in enumerate(blocks):
                known = self.answers.setdefault(number + place, block)
                assert known == block, "a number has one message"
        return self.answers


def refs(answers):
    return [ref_of(answers[number]) for number in sorted(answers)]


def repeated_logins():
    """What the network doubles is one login; a client that starts again has another."""
    client = UdpSession("MAKER3")
    assert client.log_in(times=3) == client.reply, "one token, however often it is asked for"
    client.send(mold(client.token, 1, enter(1, b"B", 1, "AAPL", 1_000_000)))
    assert refs(client.collect()) == [1]
    client.token = client.log_in()[1:11]
    assert client.token != client.reply[1:11], "it has sent something under the old one"
    client.answers.clear()
    client.send(mold(client.reply[1:11], 2, enter(2, b"B", 1, "AAPL", 1_000_000)))
    client.send(mold(client.token, 1, enter(3, b"B", 1, "AAPL", 1_000_000)))
    assert refs(client.collect()) == [1, 3], "its stream is the same; the old token is nobody's"


def main():
    rng = random.Random(77)
    with Engine() as engine:
        repeated_logins()
        assert UdpSession("MAKER1", "wrong").reply[:2] == b"JA"
        client = UdpSession("MAKER1")
        assert client.reply[:1] == b"A"
        # A stranger's token, and ours from elsewhere, are nobody's.
        stranger = UdpSession("MAKER2")
        order = enter(1, b"B", 1, "AAPL", 1_000_000)
        client.send(mold(client.token[:3] + b"GUESSED", 1, order))
        stranger.send(mold(client.token, 1, order))
        assert not client.collect() and not stranger.collect()

        # Shuffled within a window and doubled: delivered in order, once.
        orders = {number: enter(number, b"B", 1, "AAPL", 1_000_000) for number in range(1, 401)}
        numbers = list(orders)
        for start in range(0, 400, 40):
            piece = numbers[start:start + 40] * 2
            rng.shuffle(piece)
            for number in piece:
                client.send(mold(client.token, number, orders[number]))
        answers = client.collect()
        assert refs(answers) == sorted(refs(answers)), "in order"
        assert len(set(refs(answers))) == len(answers), "once"
        assert len(answers) >= 390, "what was given up was late by more than a millisecond"

        # A hole is waited for a moment, then given up; what came behind it is delivered.
        known = len(answers)
        client.send(mold(client.token, 402, enter(402, b"B", 1, "AAPL", 1_000_000)))
        client.send(mold(client.token, 403, enter(403, b"B", 1, "AAPL", 1_000_000)))
        answers = client.collect()
        assert refs(answers)[known:] == [402, 403]
        client.send(mold(client.token, 401, enter(404, b"B", 1, "AAPL", 1_000_000)))
        assert len(client.collect()) == known + 2, "too late: not delivered"

        # Asked for again: the same bytes. Beyond the end, or of another session: silence.
        again = {}
        while len(again) < len(answers):
            client.send(mold(client.token, len(again) + 1, count=500))
            _, number, blocks = client.receive()
            if number == len(again) + 1:
                again.update({number + place: block for place, block in enumerate(blocks)})
        assert again == answers
        client.send(mold(client.token, len(answers) + 1, count=1))
        client.send(mold(client.token[:3] + b"GUESSED", 1, count=1))
        # Malformed datagrams: counted, nothing else.
        for junk in (b"", b"x" * 19, mold(client.token, 500, order)[:-1],
                     mold(client.token, 500, order) + b"x", mold(client.token, 500, count=7) + b"y"):
            client.send(junk)
        assert len(client.collect()) == len(answers)

        # The stream is the session's, whatever carries it.
        over_tcp = Soup("MAKER1", 1)
        stream = over_tcp.messages()
        assert stream == [answers[number] for number in sorted(answers)]
        client.send(mold(client.token, 404, enter(900, b"B", 1, "AAPL", 1_000_000)))
        assert over_tcp.message(0.3) is None, "the newest login has the session"
        said = engine.stop()
        counted = engine.counted()["gateway"]
        expected = {"logins": 5, "logins_repeated": 3, "logins_refused": 1, "malformed": 5,
                    "unsupported": 0, "wrong_session": 5, "requests_unanswered": 1,
                    "commands": len(answers) + 2,
                    # Each number was delivered, or was given up; each further copy was late.
                    "given_up": 403 - len(answers), "late": 803 - len(answers)}
        assert {key: counted[key] for key in expected} == expected, counted
        assert replay(engine.data)["state_hash"] in said
    print("1 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
