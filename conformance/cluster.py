"""Several servers on one PostgreSQL, each a process that can be killed, stopped and started again."""

import contextlib
import glob
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

import boto3
import botocore.config
import botocore.exceptions
from ports import free_port
from system import HERE, PATIENCE_SECONDS, START_SECONDS, binary, install, until

DATABASE = "lambdura"


def postgres_programs():
    """The folder of the newest PostgreSQL here."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(Path(path).parts[4]))
    if not found and (beside := shutil.which("postgres")):
        found = [os.path.realpath(beside)]
    assert found, "PostgreSQL is missing: install Debian's `postgresql`"
    return Path(found[-1]).parent


def let_through(folder):
    """Lets other users reach a folder. Those above it keep what else their modes say: one may be `/dev/shm`."""
    for above in folder.resolve().parents:
        mode = above.stat().st_mode
        if not mode & 0o001:
            above.chmod(stat.S_IMODE(mode) | 0o011)


class Postgres:
    """A database of a suite's own, which ends with it."""

    def __init__(self, folder):
        self.programs = postgres_programs()
        self.folder = Path(folder)
        self.port = free_port()
        # It does not run as root.
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
            let_through(self.folder)
        self.process = None
        self.run("initdb", "--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "-D", self.data)
        self.start()
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", DATABASE)

    @property
    def data(self):
        return str(self.folder / "data")

    @property
    def url(self):
        return f"postgres://postgres@127.0.0.1:{self.port}/{DATABASE}"

    def as_user(self):
        if not self.user:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": [], "cwd": self.folder}

    def run(self, program, *arguments):
        command = [self.programs / program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, **self.as_user())
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self):
        command = [self.programs / "postgres", "-D", self.data, "-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        # What is synced is tested elsewhere: here nothing cuts the machine's power.
        command += ["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=200"]
        log = open(self.folder / "postgres.log", "ab")
        self.process = subprocess.Popen(command, stdout=log, stderr=log, **self.as_user())

        def answers():
            probe = [self.programs / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-q"]
            return subprocess.run(probe).returncode == 0, (self.folder / "postgres.log").read_text()

        until("PostgreSQL answers", answers)

    def query(self, sql):
        """Rows as lists of text."""
        command = ["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", DATABASE]
        text = self.run(*command, "-X", "-A", "-t", "-F", "\t", "-c", sql)
        return [line.split("\t") for line in text.splitlines()]

    def crash(self):
        """As when its machine dies, but for what was not synced."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Tables:
    """`lambdura tables`: what the functions of all servers share."""

    def __init__(self, folder):
        ready = Path(folder) / "tables.json"
        command = [binary(), "tables", "--listen", "127.0.0.1:0", "--data-dir", str(Path(folder) / "tables")]
        log = open(Path(folder) / "tables.log", "wb")
        self.process = subprocess.Popen([*command, "--ready-file", str(ready)], stdout=log, stderr=log)
        until("the tables answer", lambda: (ready.exists() and ready.stat().st_size > 0, self.process.poll()))
        self.endpoint = json.loads(ready.read_text())["endpoint"]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)


class Server:
    """One of the servers, through its deaths."""

    def __init__(self, template, folder, *arguments, variables=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.command = [binary(), "up", str(HERE / template), "--listen", f"127.0.0.1:{free_port()}"]
        self.command += ["--http-api-listen", "127.0.0.1:0", "--data-dir", str(self.folder / "data"), *arguments]
        self.variables = variables or {}
        self.process = None
        self.ready = None

    @property
    def log(self):
        return self.folder / "up.log"

    def start(self, wait=True):
        assert self.process is None or self.process.poll() is not None, "it runs"
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("LAMBDURA_", "AWS_"))}
        environment.update(self.variables)
        with open(self.log, "ab") as log:
            command = [*self.command, "--ready-file", str(ready)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        if wait:
            self.wait_ready()

    def wait_ready(self):
        ready = self.folder / "ready.json"

        def answers():
            assert self.process.poll() is None, f"`lambdura up` ended:\n{self.log.read_text()}"
            return ready.exists() and ready.stat().st_size > 0, self.log.read_text()[-2000:]

        until("a server is ready", answers, START_SECONDS)
        self.ready = json.loads(ready.read_text())

    @property
    def endpoint(self):
        return f"http://{self.command[self.command.index('--listen') + 1]}"

    @property
    def client(self):
        config = botocore.config.Config(
            connect_timeout=2, read_timeout=PATIENCE_SECONDS, retries={"total_max_attempts": 1}, max_pool_connections=32
        )
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        return boto3.client("lambda", endpoint_url=self.endpoint, config=config, **keys)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stand_still(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        """Ends it in order; returns how it ended."""
        if not self.is_running():
            return None
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
            return "killed"


@contextlib.contextmanager
def servers(template, scratch, count, *arguments, variables=None, programs=None):
    """A database, tables, and so many servers on them; the first is ready before the others start.

    `programs` are the template's functions, as `install` takes them.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="lambdura-postgres-")
    postgres, tables, running = None, None, []
    try:
        postgres = Postgres(folder)
        tables = Tables(scratch)
        shared = ["--store", postgres.url, "--dynamodb-endpoint", tables.endpoint, *arguments]
        for number in range(count):
            server = Server(template, scratch / f"server-{number}", *shared, variables=variables)
            running.append(server)
            if programs:
                install(programs, server.folder / "data")
            server.start()
        yield postgres, running
    finally:
        for server in running:
            server.stop()
        if tables:
            tables.stop()
        if postgres:
            postgres.stop()
        kept = HERE.parent / "target/conformance"
        kept.mkdir(parents=True, exist_ok=True)
        for number, server in enumerate(running):
            if server.log.exists():
                shutil.copyfile(server.log, kept / f"{Path(template).name}-server-{number}.log")
        if postgres and (postgres.folder / "postgres.log").exists():
            shutil.copyfile(postgres.folder / "postgres.log", kept / "postgres.log")
        shutil.rmtree(folder, ignore_errors=True)


UNREACHABLE = (
    botocore.exceptions.EndpointConnectionError,
    botocore.exceptions.ConnectionClosedError,
    botocore.exceptions.ConnectTimeoutError,
    botocore.exceptions.ReadTimeoutError,
)
