"""An OUCH 5.0 client and an engine to try it on, for tests that drive whole processes.

Written from the protocol alone: it shares no code with the engine.
"""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile

BIN = os.environ.get("BASALT_BIN", "build/release/bin")
VENUE = "hw-config/venues/demo.toml"
LAPTOP = "hw-config/topologies/laptop.toml"
TINY = "hw-config/topologies/tiny.toml"


def enter(ref, side, quantity, symbol, price, tif=b"0", options=b"", display=b"Y", cross=b"N"):
    return (b"O" + struct.pack(">I", ref) + side + struct.pack(">I", quantity)
            + symbol.encode().ljust(8) + struct.pack(">Q", price) + tif + display + b"PN" + cross
            + b"test".ljust(14) + struct.pack(">H", len(options)) + options)


def cancel(ref, total=0):
    return b"X" + struct.pack(">II", ref, total)


def replace(ref, new_ref, total, price, display=b"Y"):
    return (b"U" + struct.pack(">IIIQ", ref, new_ref, total, price) + b"0" + display + b"N"
            + b"test".ljust(14) + b"\0\0")


def quote(ref, symbol, bid, offer, options=b""):
    """Both sides, each (quantity, price); the sell has the number behind `ref`."""
    return (b"q" + struct.pack(">I", ref) + symbol.encode().ljust(8) + struct.pack(">IQIQ", *bid, *offer)
            + b"P" + b"test".ljust(14) + struct.pack(">H", len(options)) + options)


def protect(ref, symbol, window_ms, quantity=0, fills=0, delta=0):
    return (b"p" + struct.pack(">I", ref) + symbol.encode().ljust(8)
            + struct.pack(">IIIIH", window_ms, quantity, fills, delta, 0))


def option(tag, value):
    return bytes([len(value) + 1, tag]) + value


def mass_cancel(ref, symbol="", options=b""):
    return (b"C" + struct.pack(">I", ref) + b"    " + symbol.encode().ljust(8)
            + struct.pack(">H", len(options)) + options)


def entry_switch(kind, ref):
    """Order entry of the whole firm: kind D switches it off, E on."""
    return kind + struct.pack(">I", ref) + b"    \0\0"


def ref_of(message):
    """The user reference number of an answer (of a Replaced: the new one)."""
    at = 13 if message[:1] == b"U" else 9
    return struct.unpack(">I", message[at:at + 4])[0]


def brief(message):
    """What an answer says, in short."""
    kind = message[:1]
    ref = ref_of(message)
    if kind == b"E":
        return f"E{ref}:{struct.unpack('>I', message[13:17])[0]}"
    if kind == b"C":
        return f"C{ref}:{struct.unpack('>I', message[13:17])[0]}{message[17:18].decode()}"
    if kind == b"R":
        shown = struct.unpack(">I", message[18:22])[0] if message[13:14] == b"R" else ""
        return f"R{ref}:{message[13:14].decode()}{shown}"
    if kind == b"J":
        return f"J{ref}:{struct.unpack('>H', message[13:15])[0]:02x}"
    if kind == b"p":
        return f"p{ref}:{message[21:22].decode()}"
    return f"{kind.decode()}{ref}"


def told(session, count):
    """The next so many answers, or fewer where nothing comes for a long time, and any behind them."""
    found = []
    while len(found) < count and (message := session.message(5)) is not None:
        found.append(message)
    return " ".join(brief(message) for message in found + session.messages(0.1))


def expect(session, expected):
    answer = told(session, len(expected.split()))
    assert answer == expected, f"told {answer!r}, and {expected!r} was right"


def say(session, expected, *messages):
    session.send(*messages)
    expect(session, expected)


class Refused(Exception):
    """The login was rejected, or the connection closed."""


class Soup:
    """One SoupBinTCP connection, logged in."""

    def __init__(self, user, first=1, password="basalt", session="", port=7001):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._bytes = b""
        self.raw_packet(b"L" + user.encode().ljust(6) + password.encode().ljust(10)
                        + session.encode().rjust(10) + str(first).encode().rjust(20))
        answer = self.packet(5)
        if answer is None or answer[:1] != b"A":
            raise Refused(answer)
        self.session = answer[1:11].decode().strip()
        self.next_number = int(answer[11:31])

    def raw_packet(self, body):
        self.socket.sendall(struct.pack(">H", len(body)) + body)

    def send(self, *messages):
        self.socket.sendall(b"".join(struct.pack(">H", 1 + len(message)) + b"U" + message
                                     for message in messages))

    def packet(self, timeout):
        """The next packet's body, None when the peer closed. TimeoutError when none came."""
        self.socket.settimeout(timeout)
        while True:
            if len(self._bytes) >= 2:
                end = 2 + struct.unpack(">H", self._bytes[:2])[0]
                if len(self._bytes) >= end:
                    body, self._bytes = self._bytes[2:end], self._bytes[end:]
                    return body
            try:
                chunk = self.socket.recv(1 << 16)
            except ConnectionResetError:
                return None
            if not chunk:
                return None
            self._bytes += chunk

    def message(self, timeout=5):
        """The next sequenced message; None when none came in time or the connection ended."""
        while True:
            try:
                body = self.packet(timeout)
            except (TimeoutError, socket.timeout, BlockingIOError):
                return None
            if body is None or body[:1] == b"Z":
                return None
            if body[:1] == b"S":
                self.next_number += 1
                return body[1:]

    def messages(self, timeout=0.3):
        """All that comes until nothing has come for so long."""
        found = []
        while (message := self.message(timeout)) is not None:
            found.append(message)
        return found

    def close(self):
        self.socket.close()


class Engine:
    """A basalt-engine on kernel sockets, with a data directory of its own or a given one."""

    def __init__(self, data=None, topology=LAPTOP, venue=VENUE, extra=()):
        self.made = data is None
        self.data = data or tempfile.mkdtemp(prefix="basalt-test-")
        self.report = os.path.join(self.data, "report.json")
        self.process = subprocess.Popen(
            [f"{BIN}/basalt-engine", "--venue", venue, "--topology", topology, "--data", self.data,
             "--nic", "uring", "--report", self.report, *extra],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said = []
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if line == "ready\n":
                return
        self.process.wait()
        raise AssertionError("the engine did not start: " + " | ".join(self.said))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """An orderly stop. Its last words."""
        self.process.send_signal(signal.SIGTERM)
        said = self.process.stdout.read()
        assert self.process.wait(60) == 0, said
        return said

    def counted(self):
        """What it reported at its orderly stop."""
        with open(self.report, encoding="utf-8") as file:
            return json.load(file)

    def remove(self):
        if self.process.poll() is None:
            self.kill()
        if self.made:
            shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


def streams_of(*users):
    """All that each of them has ever been told."""
    return {user: Soup(user).messages() for user in users}


def assert_streams_stay(streams):
    """What was told before a restart is told again, byte for byte."""
    for user, stream in streams.items():
        assert Soup(user).messages()[:len(stream)] == stream, f"the stream of {user}"


def replay(data, epoch=None):
    """What `basalt replay --json` says of a data directory; its rows: of one epoch, or of all."""
    only = [] if epoch is None else ["--epoch", str(epoch)]
    done = subprocess.run([f"{BIN}/basalt", "replay", "--data", data, "--json", *only],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_replays(data, said):
    """A replay ends in the state that the engine named in its last words, with nothing out of balance."""
    replayed = replay(data)
    assert replayed["state_hash"] in said
    assert replayed["ledger_imbalance"] == 0 and replayed["holds_mismatched"] == 0
