"""kill -9 under load, again and again: nothing acknowledged is lost or doubled, and a client's
stream, read again from number 1, is byte for byte what it was.

In every other round the journal has one block under way at a time, so that at any moment much is
decided, and even told within the engine, which the disk has not been asked for yet.

    kill_recovery.py [ROUNDS]      default 20; the seed is printed, BASALT_SEED repeats it
"""
import os
import random
import re
import sys
import tempfile
import time

from venue_client import LAPTOP, Engine, Soup, cancel, enter, ref_of, replace, replay

SYMBOL = "AAPL"
PRICE = 1_500_000
ANSWERS_BEFORE_KILL = 200


def burst(rng, ref, live):
    """Some messages, in the proportions of a busy hour. Returns them and the next number."""
    out = []
    for _ in range(rng.randint(5, 60)):
        choice = rng.random()
        if choice < 0.15 and live:
            out.append(cancel(live.pop(rng.randrange(len(live)))))
        elif choice < 0.25 and live:
            old = live.pop(rng.randrange(len(live)))
            ref += 1
            out.append(replace(old, ref, rng.randint(1, 100), PRICE + rng.randint(-20, 20) * 100))
            live.append(ref)
        else:
            ref += rng.randint(1, 3)  # Gaps are allowed.
            tif = b"3" if rng.random() < 0.2 else b"0"
            out.append(enter(ref, rng.choice([b"B", b"S"]), rng.randint(1, 100), SYMBOL,
                             PRICE + rng.randint(-20, 20) * 100, tif))
            live.append(ref)
    return out, ref


def check_stream(stream):
    """Each order is accepted once, and nothing is told of an order before that."""
    known = set()
    for message in stream:
        ref = ref_of(message)
        if message[:1] in (b"A", b"U", b"J"):
            assert ref not in known, f"order {ref} was answered twice"
            known.add(ref)
        else:
            assert ref in known, f"{message[:1]} of order {ref}, which was never accepted"


def one_block_at_a_time(file):
    """The laptop's topology with a journal that is always behind."""
    with open(LAPTOP, encoding="utf-8") as laptop:
        text = laptop.read()
    for key in ("writes_in_flight", "write_blocks"):
        text, count = re.subn(rf"^{key} = \d+", f"{key} = 1", text, flags=re.MULTILINE)
        assert count == 1, key
    file.write(text)
    file.flush()
    return file.name


def main():
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
        run((LAPTOP, one_block_at_a_time(file)))


def run(topologies):
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seed = int(os.environ.get("BASALT_SEED", time.time_ns() % 1_000_000_007))
    rng = random.Random(seed)
    print(f"seed {seed}", flush=True)
    stream, ref, live, data = [], 0, [], None
    engine = None
    under_load = 0
    try:
        for number in range(rounds):
            engine = Engine(data, topologies[number % 2])
            data, engine.made = engine.data, number == 0
            client = Soup("MAKER1", 1)
            again = []
            while len(again) < len(stream) and (message := client.message()) is not None:
                again.append(message)
            assert again == stream, "the stream is not what it was"
            # What was decided and durable, but not yet told when the engine died.
            stream += client.messages()
            ref = max([ref] + [ref_of(message) for message in stream]) + 1
            # Under load means that answers flow, however slow the machine's disk is at the moment.
            end = time.monotonic() + rng.uniform(0.05, 0.4)
            give_up = time.monotonic() + 20
            before = len(stream)
            while time.monotonic() < end or (len(stream) - before < ANSWERS_BEFORE_KILL
                                             and time.monotonic() < give_up):
                messages, ref = burst(rng, ref, live)
                client.send(*messages)
                stream += client.messages(0.0005)
            under_load += len(stream) - before >= ANSWERS_BEFORE_KILL
            engine.kill()
            stream += client.messages()  # What had been sent and not yet read.
            client.close()
            check_stream(stream)
        assert under_load == rounds, "the load was not reached: the test says nothing"
        result = replay(data)
        assert result["answers"] >= len(stream)
        assert result["ledger_imbalance"] == 0 and result["holds_mismatched"] == 0
        engine = Engine(data)
        client = Soup("MAKER1", 1)
        again = client.messages()
        assert again[:len(stream)] == stream, "the stream is not what it was"
        said = engine.stop()
        assert replay(data)["state_hash"] in said, "the replayed state is not the live one"
        print(f"{rounds} kills, {len(stream)} messages in the stream, "
              f"{result['commands']} commands")
        print("1 passed, 0 failed")
    finally:
        if engine is not None:
            engine.made = True
            engine.remove()


if __name__ == "__main__":
    main()
