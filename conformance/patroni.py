"""PostgreSQL that fails over: three nodes under Patroni with a synchronous standby, and etcd, which elects.

Everything is a process of the suite's own, on loopback, and can be killed.
"""

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from cluster import DATABASE, postgres_programs
from ports import free_port
from system import until

NODES = 3
PASSWORD = "only-on-loopback"
# A node that says nothing for so long has lost the leadership. Patroni takes no less than 20.
LEADS_FOR_SECONDS = 20


def require(program):
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    package = {"etcd": "etcd-server"}.get(program, program)
    if not found:
        pytest.skip(f"`{program}` is missing: `apt-get install {package}`, or `cargo xtask test`, which installs it as root")
    return found


class Etcd:
    """The store in which the nodes elect their leader."""

    def __init__(self, folder):
        self.port, peers = free_port(), free_port()
        client, peer = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{peers}"
        command = [require("etcd"), "--name", "one", "--data-dir", str(folder / "etcd")]
        command += ["--listen-client-urls", client, "--advertise-client-urls", client]
        command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"one={peer}"]
        self.log = folder / "etcd.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

        def answers():
            try:
                with urllib.request.urlopen(f"{client}/health", timeout=2) as answer:
                    return json.load(answer)["health"] == "true", self.log.read_text()[-2000:]
            except OSError as error:
                return False, error

        until("etcd answers", answers)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class Node:
    """A PostgreSQL and the Patroni that keeps it: as if they had a machine to themselves."""

    def __init__(self, number, folder, etcd, user):
        self.name = f"node-{number}"
        self.folder = folder / self.name
        self.folder.mkdir()
        self.port, self.api = free_port(), free_port()
        self.user = user
        self.process = None
        # JSON is YAML.
        self.configuration = self.folder / "patroni.yml"
        self.configuration.write_text(json.dumps(self.settings(etcd)))
        self.configuration.chmod(0o600)
        if user:
            for path in [self.folder, self.configuration]:
                os.chown(path, user.pw_uid, user.pw_gid)

    def settings(self, etcd):
        user = lambda name: {"username": name, "password": PASSWORD}
        parameters = {"unix_socket_directories": "", "max_connections": 150, "fsync": "off", "wal_log_hints": "on"}
        return {
            "scope": "lambdura",
            "name": self.name,
            "restapi": {"listen": f"127.0.0.1:{self.api}", "connect_address": f"127.0.0.1:{self.api}"},
            "etcd3": {"host": f"127.0.0.1:{etcd.port}"},
            "bootstrap": {
                "dcs": {
                    "ttl": LEADS_FOR_SECONDS,
                    "loop_wait": 1,
                    "retry_timeout": 3,
                    # A commit is answered when a second node has it, and only such a node takes over.
                    "synchronous_mode": True,
                    # One that crashes is not waited for.
                    "master_start_timeout": 0,
                    "primary_start_timeout": 0,
                    "postgresql": {"use_pg_rewind": True, "parameters": parameters},
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "no-sync"],
                "pg_hba": [
                    "host replication replicator 127.0.0.1/32 scram-sha-256",
                    "host all all 127.0.0.1/32 scram-sha-256",
                ],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}",
                "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": str(self.folder / "data"),
                "bin_dir": str(postgres_programs()),
                "pgpass": str(self.folder / "pgpass"),
                "authentication": {
                    "superuser": user("postgres"),
                    "replication": user("replicator"),
                    "rewind": user("rewinder"),
                },
            },
        }

    def start(self):
        as_user = {}
        if self.user:
            as_user = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        with open(self.folder / "patroni.log", "ab") as log:
            command = [require("patroni"), str(self.configuration)]
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, env=environment, start_new_session=True, **as_user
            )

    def state(self):
        """What Patroni says of it; None while it says nothing."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.api}/patroni", timeout=2) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)
        except (OSError, ValueError):
            return None

    @property
    def postmaster(self):
        """The process id of its PostgreSQL; None while there is none."""
        try:
            pid = int((self.folder / "data/postmaster.pid").read_text().split()[0])
            os.kill(pid, 0)
            return pid
        except (FileNotFoundError, IndexError, ProcessLookupError):
            return None

    def kill_postgres(self):
        """PostgreSQL dies; Patroni sees it, and gives the leadership away."""
        if pid := self.postmaster:
            os.kill(pid, signal.SIGKILL)

    def kill(self):
        """The machine dies: nobody says anything any more."""
        self.process.kill()
        self.process.wait()
        self.kill_postgres()
        until(f"{self.name} is dead", lambda: (self.postmaster is None, self.postmaster), 30)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if pid := self.postmaster:
            os.kill(pid, signal.SIGQUIT)


class Patroni:
    """The nodes, of which one is the primary."""

    def __init__(self, folder):
        self.programs = postgres_programs()
        self.folder = folder
        self.etcd = None
        self.nodes = []

    def start(self):
        # PostgreSQL does not run as root.
        user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.folder.chmod(0o755)
        self.etcd = Etcd(self.folder)
        self.nodes = [Node(number, self.folder, self.etcd, user) for number in range(1, NODES + 1)]
        for node in self.nodes:
            node.start()
        self.wait_whole()
        self.query("CREATE DATABASE lambdura", "postgres")

    @property
    def url(self):
        return self.url_by([node.port for node in self.nodes])

    @staticmethod
    def url_by(ports):
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        return f"postgres://postgres:{PASSWORD}@{hosts}/{DATABASE}?target_session_attrs=read-write"

    def states(self):
        return {node.name: node.state() for node in self.nodes}

    def primary(self):
        for node in self.nodes:
            state = node.state()
            if state and state.get("role") in ("master", "primary") and state.get("state") == "running":
                return node
        return None

    def wait_whole(self, patience=120):
        """Until there is a primary, a synchronous standby, and another standby that follows."""

        def look():
            states = self.states()
            running = [state for state in states.values() if state and state.get("state") in ("running", "streaming")]
            synchronous = [state for state in running if state.get("sync_standby")]
            return len(running) == NODES and self.primary() is not None and synchronous, states

        until("three nodes run, one of them as synchronous standby", look, patience)

    def query(self, sql, database=DATABASE, patience=60):
        """Rows as lists of text, asked at the primary."""
        hosts = ",".join("127.0.0.1" for _ in self.nodes)
        ports = ",".join(str(node.port) for node in self.nodes)
        target = f"host={hosts} port={ports} user=postgres dbname={database} target_session_attrs=read-write connect_timeout=2"
        command = [str(self.programs / "psql"), "-d", target, "-X", "-A", "-t", "-F", "\t", "-c", sql]
        deadline = time.monotonic() + patience
        while True:
            done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PGPASSWORD": PASSWORD})
            if done.returncode == 0:
                return [line.split("\t") for line in done.stdout.splitlines()]
            assert time.monotonic() < deadline, done.stderr
            time.sleep(0.2)

    def keep_logs(self, where):
        for node in self.nodes:
            log = node.folder / "patroni.log"
            if log.exists():
                shutil.copyfile(log, where / f"failover-{node.name}.log")

    def stop(self):
        for node in self.nodes:
            with contextlib.suppress(ProcessLookupError):
                node.stop()
        if self.etcd:
            self.etcd.stop()
