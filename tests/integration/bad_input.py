"""What is malformed, unknown, repeated or out of place gets the protocol's answer, or silence where
the protocol says so; nothing is half applied, and the engine goes on."""
import json
import socket
import struct
import sys

from venue_client import Engine, Refused, Soup, cancel, enter, ref_of, replace


def reject_code(message):
    assert message is not None and message[:1] == b"J", message
    return struct.unpack(">H", message[13:15])[0]


def refused(*arguments, **options):
    try:
        Soup(*arguments, **options)
    except Refused as error:
        return error.args[0]
    raise AssertionError("the login was taken")


def logins():
    assert refused("NOBODY")[:2] == b"JA"
    assert refused("MAKER1", password="wrong")[:2] == b"JA"
    assert refused("MAKER1", session="OTHER")[:2] == b"JS"
    assert Soup("maker1", password="BASALT").next_number == 1, "case does not matter"
    # The newest login has the session: the older connection is closed.
    older, newer = Soup("MAKER3"), Soup("MAKER3")
    assert older.packet(5) is None
    newer.close()


def rejects(client):
    """Each order has one fault; each gets its code, and its number is used up."""
    good = dict(side=b"B", quantity=10, symbol="AAPL", price=1_000_000)
    faults = [(dict(side=b"X"), 0x09), (dict(tif=b"9"), 0x0F), (dict(display=b"N"), 0x03),
              (dict(cross=b"O"), 0x14), (dict(symbol="NOSUCH"), 0x17), (dict(quantity=0), 0x13),
              (dict(price=0), 0x1D), (dict(price=1_000_001), 0x1D), (dict(price=1 << 62), 0x1D),
              (dict(options=b"\x05\x80" + struct.pack(">I", 999_999)), 0x0C),
              (dict(options=b"\x09\x80\x00"), 0x0F), (dict(options=b"\x02\x12\x30"), 0x0F)]
    ref = 100
    for fault, code in faults:
        ref += 1
        order = {**good, **fault}
        client.send(enter(ref, order.pop("side"), order.pop("quantity"), order.pop("symbol"),
                          order.pop("price"), **order))
        answer = client.message()
        assert reject_code(answer) == code, (fault, answer)
        assert ref_of(answer) == ref
    client.send(enter(ref, **good))  # Its number is used: a retransmission, and silence.
    client.send(enter(ref - 50, **good))
    assert client.message(0.3) is None
    return ref


def silence(client, ref):
    """Nothing answers these, and they change nothing."""
    for message in (b"", b"?", b"O", b"O" + bytes(45), b"X\0\0", b"Q\0", b"Z" * 300,
                    cancel(ref + 1000), replace(ref + 1000, ref + 1001, 5, 1_000_000),
                    enter(ref + 7, b"B", 1, "AAPL", 1_000_000)[:-1],
                    enter(ref + 7, b"B", 1, "AAPL", 1_000_000) + b"x"):
        client.send(message)
    assert client.message(0.3) is None
    client.send(b"Q")
    answer = client.message()
    assert answer[:1] == b"Q" and struct.unpack(">I", answer[9:13])[0] == ref + 1


def split_packets(client, ref):
    """One byte at a time, and many at once, are the same to TCP."""
    body = b"U" + enter(ref + 1, b"B", 10, "AAPL", 1_000_000)
    for byte in struct.pack(">H", len(body)) + body:
        client.socket.sendall(bytes([byte]))
    assert client.message()[:1] == b"A"
    client.send(*(enter(ref + 2 + i, b"B", 10, "AAPL", 1_000_000) for i in range(200)))
    assert [client.message()[:1] for _ in range(200)] == [b"A"] * 200
    return ref + 201


def broken_streams():
    """A stream that is not SoupBinTCP is closed; the engine goes on."""
    for bytes_ in (b"\0\0", b"\xff\xff" + b"x" * 100, b"\0\x01?", b"\0\x05Uabcd",
                   b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", 7001), timeout=5) as raw:
            raw.sendall(bytes_)
            raw.settimeout(5)
            try:
                assert raw.recv(100) == b"", bytes_
            except ConnectionResetError:
                pass


def main():
    with Engine() as engine:
        logins()
        client = Soup("MAKER1")
        ref = rejects(client)
        silence(client, ref)
        ref = split_packets(client, ref)
        broken_streams()
        client.send(enter(ref + 1, b"B", 10, "AAPL", 1_000_000))
        assert client.message()[:1] == b"A", "the engine goes on"
        engine.stop()
        with open(engine.report, encoding="utf-8") as file:
            report = json.load(file)
        counted = report["gateway"]
        assert counted["malformed"] >= 12 and counted["logins_refused"] == 3, counted
        assert report["holds_outstanding_mismatch"] == 0 and report["ledger_imbalance"] == 0
    print("1 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
