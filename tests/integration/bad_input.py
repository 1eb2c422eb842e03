"""What is malformed, unknown, repeated or out of place gets the protocol's answer, or silence where
the protocol says so, and is counted; nothing is half applied, and the engine goes on."""
import socket
import struct
import sys
import time

from venue_client import Engine, Refused, Soup, cancel, enter, ref_of, replace, replay

ADDRESS = ("127.0.0.1", 7001)
GOOD = dict(side=b"B", quantity=10, symbol="AAPL", price=1_000_000)


def order(ref, **fault):
    return enter(ref, **{**GOOD, **fault})


def packet(body):
    return struct.pack(">H", len(body)) + body


def login(user):
    return b"L" + user.encode().ljust(6) + b"basalt".ljust(10) + b" " * 10 + b"1".rjust(20)


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
    newer.send(b"Q")
    assert newer.message()[:1] == b"Q"
    newer.close()
    # Lost are the first of all, and the newer one; the older one was taken over.
    return {"logins": 3, "logins_refused": 3, "answers": 1, "sessions_lost": 2}


def rejects(client):
    """Each order has one fault; each gets its code, and its number is used up."""
    faults = [(dict(side=b"X"), 0x09), (dict(tif=b"9"), 0x0F), (dict(display=b"Z"), 0x03),
              (dict(cross=b"H"), 0x14), (dict(symbol="NOSUCH"), 0x17), (dict(quantity=0), 0x13),
              (dict(price=0), 0x1D), (dict(price=1_000_001), 0x1D), (dict(price=1 << 62), 0x1D),
              (dict(price=2_000_000_000), 0x1D),
              # An account that is nobody's, and one of another firm.
              (dict(options=b"\x05\x80" + struct.pack(">I", 999_999)), 0x0C),
              (dict(options=b"\x05\x80" + struct.pack(">I", 5)), 0x0C),
              # Options: unknown, cut, over the end, of another length, twice, without a length.
              (dict(options=b"\x09\x80\x00"), 0x0F), (dict(options=b"\x02\x12\x30"), 0x0F),
              (dict(options=b"\x05\x80\x00"), 0x0F), (dict(options=b"\x03\x80\x00\x02"), 0x0F),
              (dict(options=2 * (b"\x02\x1c\x00")), 0x0F), (dict(options=b"\x00"), 0x0F)]
    ref = 100
    for fault, code in faults:
        ref += 1
        client.send(order(ref, **fault))
        answer = client.message()
        assert reject_code(answer) == code, (fault, answer)
        assert ref_of(answer) == ref
    client.send(order(ref))  # Its number is used: a retransmission, and silence.
    client.send(order(ref - 50))
    client.send(order(0))
    assert client.message(0.3) is None
    return ref


def wrong_replacements(client, other, ref):
    """A replacement that is wrong takes its original along, or is ignored and leaves it alone."""
    for fault in (dict(total=0), dict(price=1_000_001), dict(price=1 << 62)):
        client.send(order(ref + 1), replace(ref + 1, ref + 2, **{"total": 5, "price": 1_000_000,
                                                                 **fault}))
        assert client.message()[:1] == b"A"
        answer = client.message()
        assert answer[:1] == b"C" and ref_of(answer) == ref + 1 and answer[17:18] == b"S", answer
        assert struct.unpack(">I", answer[13:17])[0] == 10
        ref += 2
    client.send(order(ref + 1))
    assert client.message()[:1] == b"A"
    client.send(replace(ref + 1, ref, 5, 1_000_000), replace(ref + 1, ref + 1, 5, 1_000_000))
    other.send(cancel(ref + 1), cancel(ref + 1, 3), replace(ref + 1, ref + 2, 5, 1_000_000))
    assert client.message(0.3) is None and other.message(0.3) is None
    client.send(cancel(ref + 1))
    answer = client.message()
    assert answer[:1] == b"C" and struct.unpack(">I", answer[13:17])[0] == 10, "it stood untouched"
    return ref + 1


def silence(client, ref):
    """Nothing answers these, and they change nothing. How many are no messages at all."""
    unknown = (cancel(ref + 1000), cancel(ref + 1000, 5), replace(ref + 1000, ref + 1001, 5, 100))
    no_messages = (b"", b"?", b"O", b"O" + bytes(45), b"X\0\0", cancel(ref) + b"\0", b"Q\0", b"A",
                   b"Z" * 300, b"O" * 500, order(ref + 7)[:-1], order(ref + 7) + b"x",
                   replace(ref, ref + 7, 5, 1_000_000)[:-1])
    client.send(*unknown, *no_messages)
    assert client.message(0.3) is None
    client.send(b"Q")
    answer = client.message()
    assert answer[:1] == b"Q" and struct.unpack(">I", answer[9:13])[0] == ref + 1
    return len(no_messages)


def split_packets(client, ref):
    """One byte at a time, and many at once, are the same to TCP."""
    for byte in packet(b"U" + order(ref + 1)):
        client.socket.sendall(bytes([byte]))
    assert client.message()[:1] == b"A"
    client.send(*(order(ref + 2 + i) for i in range(200)))
    assert [client.message()[:1] for _ in range(200)] == [b"A"] * 200
    return ref + 201


def closed(bytes_):
    """The venue closes a connection on which this comes; what it said before."""
    with socket.create_connection(ADDRESS, timeout=5) as raw:
        raw.sendall(bytes_)
        raw.settimeout(5)
        said = b""
        try:
            while chunk := raw.recv(100):
                said += chunk
        except ConnectionResetError:
            pass
        return said


def broken_streams():
    """A stream that is not SoupBinTCP, or not a client's, is closed; the engine goes on."""
    before_login = (b"\0\0", b"\xff\xff" + b"x" * 100, b"\0\x01?", packet(b"Uabcd"), packet(b"H"),
                    packet(login("MAKER4")[:-1]), packet(login("MAKER4") + b"1"),
                    b"GET / HTTP/1.1\r\n\r\n")
    for bytes_ in before_login:
        assert closed(bytes_) == b"", bytes_
    behind_login = (b"\0\0", b"\x02\x01" + b"x" * 513, packet(b"?"), packet(b"Sabc"), packet(b"R!"),
                    packet(login("MAKER4")))
    for bytes_ in behind_login:
        # What is behind the fault is not applied; the login before it was.
        said = closed(packet(login("MAKER4")) + bytes_ + packet(b"U" + order(1)))
        assert said[2:3] == b"A" and len(said) == 33, said
    # A message that the end of the connection cuts is no message.
    with socket.create_connection(ADDRESS, timeout=5) as raw:
        raw.sendall(packet(login("MAKER4")) + packet(b"U" + order(1))[:-1])
    time.sleep(0.3)  # Its end is seen, before another login would take the session over.
    client = Soup("MAKER4")
    client.send(b"Q")
    answer = client.message()
    assert answer[:1] == b"Q" and struct.unpack(">I", answer[9:13])[0] == 1, "no order came through"
    client.raw_packet(b"O")
    assert client.packet(5) is None
    logged_in = len(behind_login) + 2
    return {"malformed": len(before_login) + len(behind_login), "logins": logged_in,
            "sessions_lost": logged_in, "answers": 1}


def cancel_everything(client, ref, count):
    """All that was accepted is there, whole, and nothing else."""
    client.send(*(cancel(number) for number in range(1, ref + 100)))
    told = client.messages()
    assert [message[:1] for message in told] == [b"C"] * count, len(told)
    assert {struct.unpack(">I", message[13:17])[0] for message in told} == {10}


def main():
    with Engine() as engine:
        totals = [logins()]
        client, other = Soup("MAKER1"), Soup("MAKER2")
        totals.append({"logins": 2, "sessions_lost": 1})
        ref = rejects(client)
        ref = wrong_replacements(client, other, ref)
        other.close()
        totals.append({"malformed": silence(client, ref)})
        ref = split_packets(client, ref)
        totals.append(broken_streams())
        client.send(order(ref + 1))
        assert client.message()[:1] == b"A", "the engine goes on"
        cancel_everything(client, ref + 1, 202)
        totals.append({"answers": client.next_number - 1})
        said = engine.stop()

        report = engine.counted()
        for key in ("malformed", "logins", "logins_refused", "sessions_lost"):
            expected = sum(part.get(key, 0) for part in totals)
            assert report["gateway"][key] == expected, (key, expected, report["gateway"])
        assert report["gateway"]["unsupported"] == 0
        assert report["holds_outstanding_mismatch"] == 0 and report["ledger_imbalance"] == 0
        replayed = replay(engine.data)
        assert replayed["state_hash"] in said
        assert replayed["answers"] == sum(part.get("answers", 0) for part in totals), "and no more"
        assert replayed["rows"]["fills"] == 0
    print("1 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
