"""basalt-bridge, killed again and again beside an engine under load, which is killed once itself:
in the end the tables hold what the journal tells, each row once.

    bridge_kills.py [KILLS]      default 12; the seed is printed, BASALT_SEED repeats it
"""
import json
import os
import random
import sqlite3
import subprocess
import sys
import time

from venue_client import BIN, Engine, replay

ORDERS_PER_SECOND = 2_000
# What a row is known by, besides its engine, epoch and sequence.
WITHIN_A_SEQUENCE = {"orders": "0", "fills": "event_index",
                     "ledger_entries": "event_index * 16 + ordinal"}
PATIENCE_S = 30


class Bridge:
    """The bridge of a data directory: one process after the other."""

    def __init__(self, data):
        self._database = os.path.join(data, "bridge.sqlite")
        config = os.path.join(data, "bridge.toml")
        # Small batches, so that there is much to interrupt.
        with open(config, "w", encoding="utf-8") as file:
            file.write("batch_commands = 100\nbatch_ms = 5\ncheckpoint_commands = 2000\n")
        self._command = [f"{BIN}/basalt-bridge", "--config", config, "--data", data]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)

    def kill(self):
        assert self.process.poll() is None, f"the bridge ended: {self.process.returncode}"
        self.process.kill()
        self.process.wait()

    def run_once(self):
        subprocess.run([*self._command, "--once"], stdout=subprocess.DEVNULL, check=True)

    def status(self, epoch=None):
        only = [] if epoch is None else ["--epoch", str(epoch)]
        done = subprocess.run([*self._command, "--status", *only], capture_output=True, text=True,
                              check=True)
        return json.loads(done.stdout)

    def query(self, sql):
        with sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=10) as connection:
            return connection.execute(sql).fetchall()

    def orders(self):
        """How many it has written. Other than the cursor they grow by load alone."""
        return self.status()["rows"]["orders"]

    def wait_for_orders(self, more_than):
        end = time.monotonic() + PATIENCE_S
        while self.orders() <= more_than:
            assert time.monotonic() < end, f"the bridge writes no orders beyond {more_than}"
            time.sleep(0.005)


def start_load(data, summary):
    return subprocess.Popen(
        [f"{BIN}/basalt", "load", "--nic", "uring", "--transport", "tcp", "--data", data, "--rate",
         str(ORDERS_PER_SECOND), "--seconds", "600", "--summary", summary],
        stdout=subprocess.DEVNULL)


def kill_bridge_often(bridge, load, rng, kills, orders):
    """Kills it `kills` times, every other time wherever it is, the others while it writes."""
    for kill in range(kills):
        bridge.start()
        time.sleep(rng.uniform(0, 0.1))
        if kill % 2 == 1:
            bridge.wait_for_orders(orders[-1])
            time.sleep(rng.uniform(0, 0.1))
        assert load.poll() is None, "the load has ended: the test says nothing"
        bridge.kill()
        orders.append(bridge.orders())


def check_rows(bridge, data, epochs):
    for epoch in (None, *range(1, epochs + 1)):
        told = replay(data, epoch)
        rows = bridge.status(epoch)["rows"]
        assert rows == told["rows"], f"epoch {epoch}: the tables have {rows}, not {told['rows']}"
        assert rows["orders"] > 0 and rows["fills"] > 0, rows
        if epoch is None:
            assert rows["obligations"] > 0, rows
        else:
            assert rows != told["rows_total"], "an epoch is not all"
    for table, place in WITHIN_A_SEQUENCE.items():
        twice = bridge.query(f"SELECT engine, epoch, sequence, {place}, count(*) FROM {table} "
                             "GROUP BY 1, 2, 3, 4 HAVING count(*) > 1")
        assert not twice, f"{table}: {twice[:3]}"
        engines = bridge.query(f"SELECT DISTINCT engine FROM {table}")
        assert len(engines) == 1, engines
        # Epochs follow each other in the log, and no row is in two.
        spans = bridge.query(f"SELECT epoch, min(sequence), max(sequence) FROM {table} "
                             "GROUP BY epoch ORDER BY epoch")
        assert {span[0] for span in spans} <= set(range(1, epochs + 1)), spans
        assert all(a[2] < b[1] for a, b in zip(spans, spans[1:])), spans
    # The venue counts its fills, and what an order has executed is what its fills say.
    fills, numbers, first, last = bridge.query(
        "SELECT count(*), count(DISTINCT match_number), min(match_number), max(match_number) "
        "FROM fills")[0]
    assert fills == numbers == last - first + 1, (fills, numbers, first, last)
    wrong = bridge.query(
        "SELECT orders.sequence, executed, sum FROM orders LEFT JOIN (SELECT at, sum(quantity) AS "
        "sum FROM (SELECT maker_sequence AS at, quantity FROM fills UNION ALL "
        "SELECT sequence, quantity FROM fills) GROUP BY at) ON at = orders.sequence "
        "WHERE executed != coalesce(sum, 0)")
    assert not wrong, f"{len(wrong)} orders have executed other than their fills: {wrong[:3]}"


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    seed = int(os.environ.get("BASALT_SEED", time.time_ns() % 1_000_000_007))
    rng = random.Random(seed)
    print(f"seed {seed}", flush=True)
    engine, bridge, load = Engine(), None, None
    data = engine.data
    summary = os.path.join(data, "load.json")
    orders = [0]  # In the tables at each kill.
    try:
        bridge = Bridge(data)
        load = start_load(data, summary)
        kill_bridge_often(bridge, load, rng, kills // 2, orders)
        bridge.start()
        bridge.wait_for_orders(orders[-1])
        engine.kill()
        load.wait(PATIENCE_S)
        time.sleep(rng.uniform(0, 0.1))  # The bridge sees it go, or is killed before.
        bridge.kill()

        engine = Engine(data)
        engine.made = True
        bridge.run_once()
        load = start_load(data, summary)
        bridge.start()
        bridge.wait_for_orders(bridge.orders())
        bridge.kill()
        kill_bridge_often(bridge, load, rng, kills - kills // 2, orders)
        load.terminate()
        status = load.wait(PATIENCE_S)
        with open(summary, encoding="utf-8") as file:
            client = json.load(file)
        assert status == 0, client["troubles"]
        engine.stop()
        bridge.run_once()

        assert bridge.status()["lag"] == 0
        check_rows(bridge, data, epochs=2)
        assert client["orders_unanswered"] == 0
        assert bridge.status(2)["rows"]["fills"] == client["fills"], "as the client counts them"
        grew = len(set(orders)) - 1
        assert grew >= kills // 2, f"{orders}: the kills interrupted nothing"
        print(f"{kills + 2} kills of the bridge, 1 of the engine, at {grew} places, "
              f"{bridge.status()['rows']}")
        print("1 passed, 0 failed")
    finally:
        for process in (load, bridge and bridge.process):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        engine.made = True
        engine.remove()


if __name__ == "__main__":
    sys.exit(main())
