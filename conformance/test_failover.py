"""Three servers on a PostgreSQL that fails over: Patroni, a synchronous standby, and everything dies in turn.

Executions of every kind are open all the while, with callers at every server; `bench-crash` starts them and judges: what
was acknowledged ends as it has to, no recorded step runs again, no operation ends twice, no at-most-once step runs twice.

A run takes each fault once, with sixty executions open at once, which two busy cores can do in a debug build.
`FAILOVER_SECONDS=600` goes on with faults by chance for so long, and `FAILOVER_OPEN=200` has more open; for that, let
`LAMBDURA_BIN` name a release build with `bench-crash` and the programs of `every-kind` beside it.
"""

import json
import math
import os
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from broken_network import Way
from cluster import Server
from ports import free_port
from patroni import LEADS_FOR_SECONDS, Patroni, require
from system import HERE, binary, install, until

KEPT = HERE.parent / "target/conformance"
PROGRAMS = Path(binary()).parent
FUNCTIONS = {
    "EveryKindFunction": "every-kind",
    "EveryKindChildFunction": "every-kind",
    "EveryKindPlainFunction": "every-kind-plain",
}
# From the death of a server until all that it drove is another's.
TAKEN_OVER_SECONDS = 5
OPEN = int(os.environ.get("FAILOVER_OPEN", "60"))
SECONDS = int(os.environ.get("FAILOVER_SECONDS", "0"))
# The one whose way to the database is cut.
FAR = 1

LIVE = """
    SELECT count(*) FILTER (WHERE expires_at > clock_timestamp() AND address <> '{address}')
    FROM lambdura.shards LEFT JOIN lambdura.servers USING (account_id, server_id)
"""


class World:
    """Servers, database, and what is done to them."""

    def __init__(self, folder, scratch):
        self.scratch = scratch
        self.patroni = Patroni(folder)
        self.ways = []
        self.ledger = scratch / "ledger.jsonl"
        self.servers = []
        self.addresses = []
        self.done = []
        self.takeovers = []
        self.failovers = []

    def start(self):
        self.patroni.start()
        self.ways = [Way(node.port) for node in self.patroni.nodes]
        self.ledger.touch()
        for number in range(3):
            through = self.patroni.url_by([way.port for way in self.ways]) if number == FAR else self.patroni.url
            address = f"127.0.0.1:{free_port()}"
            arguments = ["--no-build", "--no-reload", "--build-profile", "dev", "--cluster-listen", address]
            arguments += ["--env", f"LEDGER={self.ledger}"]
            # Not as an argument, which everybody sees.
            server = Server("../bench/crash", self.scratch / f"server-{number}", *arguments, variables={"LAMBDURA_STORE": through})
            install(FUNCTIONS, server.folder / "data")
            self.servers.append(server)
            self.addresses.append(address)
            server.start()

    def stop(self):
        for server in self.servers:
            server.stop()
        for way in self.ways:
            way.close()
        KEPT.mkdir(parents=True, exist_ok=True)
        for number, server in enumerate(self.servers):
            if server.log.exists():
                shutil.copyfile(server.log, KEPT / f"failover-server-{number}.log")
        self.patroni.keep_logs(KEPT)
        self.patroni.stop()

    def note(self, what, since):
        self.done.append({"fault": what, "seconds": round(time.monotonic() - since, 2)})
        print(f"{what}: {time.monotonic() - since:.1f} s", flush=True)

    def wait_taken_over(self, number, since):
        """Until the others drive all, and live."""
        sql = LIVE.format(address=self.addresses[number])

        def look():
            seen = self.patroni.query(sql)
            return seen == [["256"]], seen

        until("the others drive all", look, 60, pause=0.02)
        self.takeovers.append(time.monotonic() - since)

    def wait_back(self, number):
        """Until it drives a part again."""
        sql = f"""SELECT count(*) FROM lambdura.shards JOIN lambdura.servers USING (account_id, server_id)
            WHERE address = '{self.addresses[number]}' AND expires_at > clock_timestamp()"""

        def look():
            seen = self.patroni.query(sql)
            return int(seen[0][0]) > 60, seen

        until("it drives its part again", look, 90)

    def kill_server(self, number):
        since = time.monotonic()
        self.servers[number].kill()
        self.wait_taken_over(number, since)
        self.note(f"server {number} killed, and taken over", since)
        self.servers[number].start()
        self.wait_back(number)

    def stop_server(self, number):
        """It stands still for longer than its lease, and goes on."""
        since = time.monotonic()
        self.servers[number].stand_still()
        try:
            self.wait_taken_over(number, since)
        finally:
            self.servers[number].go_on()
        self.note(f"server {number} stood still, and was taken over", since)
        self.wait_back(number)

    def lose_answers(self):
        """Commits are made, and whoever made them does not hear of it."""
        since = time.monotonic()
        for _ in range(6):
            for way in self.ways:
                way.loses_answers.set()
            time.sleep(0.3)
            for way in self.ways:
                way.loses_answers.clear()
                way.cut()
            time.sleep(0.7)
        self.note("answers of the database lost, six times", since)

    def partition(self):
        """One server does not reach the database, and nobody tells it."""
        since = time.monotonic()
        for way in self.ways:
            way.is_silent.set()
        try:
            self.wait_taken_over(FAR, since)
        finally:
            for way in self.ways:
                way.is_silent.clear()
        self.note(f"server {FAR} cut off from the database, and taken over", since)
        self.wait_back(FAR)

    def crash_primary(self):
        self.fail_over("PostgreSQL of the primary killed", lambda node: node.kill_postgres())

    def lose_primary(self):
        self.fail_over("the primary's machine lost", lambda node: node.kill())

    def fail_over(self, what, fault):
        until("there is a primary", lambda: (self.patroni.primary(), self.patroni.states()), 60)
        before = self.patroni.primary()
        since = time.monotonic()
        fault(before)

        def another():
            now = self.patroni.primary()
            return now is not None and now is not before, self.patroni.states()

        until("another node is the primary", another, LEADS_FOR_SECONDS + 60)
        took = time.monotonic() - since
        self.failovers.append(took)
        self.note(f"{what}, and another one took over", since)
        if before.process.poll() is not None:
            before.start()
        self.patroni.wait_whole()
        for number in range(3):
            self.wait_back(number)

    def by_chance(self, chance):
        faults = [
            lambda: self.kill_server(chance.randrange(3)),
            lambda: self.kill_server(chance.randrange(3)),
            lambda: self.stop_server(chance.randrange(3)),
            self.lose_answers,
            self.partition,
            self.crash_primary,
            self.lose_primary,
        ]
        chance.choice(faults)()


@pytest.fixture
def world(tmp_path):
    require("etcd")
    require("patroni")
    folder = tempfile.mkdtemp(prefix="lambdura-patroni-")
    world = World(Path(folder), tmp_path)
    try:
        world.start()
        yield world
    finally:
        world.stop()
        shutil.rmtree(folder, ignore_errors=True)


def quantile(values, share):
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


def test_nothing_is_lost_when_servers_and_the_database_die(world, tmp_path):
    over, report = tmp_path / "over", tmp_path / "report.json"
    addresses = ",".join(server.endpoint.removeprefix("http://") for server in world.servers)
    command = [str(PROGRAMS / "bench-crash"), "--servers", addresses, "--ledger", str(world.ledger)]
    command += ["--open", str(OPEN), "--seconds", str(SECONDS + 900), "--until", str(over)]
    command += ["--patience", "90", "--revision", "failover", "--json", str(report)]
    began = time.monotonic()
    said = tmp_path / "report.txt"
    with open(said, "wb") as output:
        judge = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        time.sleep(3)
        world.kill_server(0)
        world.stop_server(2)
        world.lose_answers()
        world.partition()
        world.crash_primary()
        world.lose_primary()
        chance = random.Random(int(os.environ.get("FAILOVER_SEED", "1")))
        while time.monotonic() - began < SECONDS:
            world.by_chance(chance)
        over.touch()
        status = judge.wait(300)
    finally:
        over.touch()
        if judge.poll() is None:
            judge.kill()
            judge.wait()
        print(said.read_text())
    assert status == 0, said.read_text()
    figures = {
        "open": OPEN,
        "seconds": round(time.monotonic() - began),
        "faults": world.done,
        "takeover_seconds": {"p50": quantile(world.takeovers, 0.5), "p99": quantile(world.takeovers, 0.99)},
        "database_failover_seconds": {"p50": quantile(world.failovers, 0.5), "max": max(world.failovers)},
        "report": json.loads(report.read_text()),
    }
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / "failover.json").write_text(json.dumps(figures, indent=2) + "\n")
    # Beside other suites on two cores a debug build may take longer; the long run is the one that measures.
    if SECONDS:
        assert quantile(world.takeovers, 0.99) <= TAKEN_OVER_SECONDS, world.takeovers
