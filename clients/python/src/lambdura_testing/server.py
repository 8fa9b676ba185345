"""A running `lambdura up`."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path
from types import TracebackType
from typing import Any

from lambdura_testing.answers import Answers
from lambdura_testing.clock import Clock
from lambdura_testing.execution import Execution
from lambdura_testing.http import Http

# Longest time for functions to be built, packages to be installed and everything to answer.
START_SECONDS = 600.0


class NoBinary(Exception):
    """`lambdura` is not installed."""


class StartFailed(Exception):
    """`lambdura up` ended before it was up; what it said is in the message."""


def find_binary(given: str | None = None) -> str:
    """The program: the one that is given, `LAMBDURA_BIN`, or the one on the `PATH`."""
    found = given or os.environ.get("LAMBDURA_BIN") or shutil.which("lambdura")
    if not found:
        raise NoBinary("`lambdura` is not on the PATH; install it, or set LAMBDURA_BIN to the program")
    return found


class Server:
    """Runs a stack on free ports with a data folder of its own, until it is closed.

    `arguments` are further ones of `lambdura up`, such as `["--parameter", "Stage=test"]`.
    """

    def __init__(
        self,
        template: str | Path = ".",
        *,
        clock: str = "auto",
        arguments: list[str] | None = None,
        binary: str | None = None,
    ) -> None:
        self._binary = find_binary(binary)
        self._folder = tempfile.TemporaryDirectory(prefix="lambdura-")
        folder = Path(self._folder.name)
        self._log = folder / "up.log"
        ready = folder / "ready.json"
        command = [self._binary, "up", str(template), "--clock", clock, "--durability", "os"]
        command += ["--listen", "127.0.0.1:0", "--http-api-listen", "127.0.0.1:0", "--no-reload"]
        command += ["--data-dir", str(folder / "data"), "--ready-file", str(ready), *(arguments or [])]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LAMBDURA_")}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            self.ready: dict[str, Any] = self._until_ready(ready)
        except BaseException:
            self.close()
            raise
        self.endpoint: str = self.ready["endpoint"]
        self.http = Http(self.endpoint)
        self.clock = Clock(self.http)
        self.answers = Answers(self.http)

    def start(self, function: str, event: Any = None, *, name: str | None = None, qualifier: str = "live") -> Execution:
        """Starts an execution of a durable function; `name` makes it the only one of that name."""
        headers = {"x-amz-invocation-type": "Event"}
        if name is not None:
            headers["x-amz-durable-execution-name"] = name
        function = urllib.parse.quote(function, safe="")
        path = f"/2015-03-31/functions/{function}/invocations?Qualifier={urllib.parse.quote(qualifier)}"
        _, told = self.http.send(path, json.dumps(event).encode(), headers)
        arn = told.get("x-amz-durable-execution-arn")
        if arn is None:
            raise ValueError(f"`{function}` is not a durable function")
        return Execution(self, arn)

    def command(self, *arguments: str) -> str:
        """What the command line says about this server."""
        command = [self._binary, *arguments, "--endpoint", self.endpoint]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    def log(self) -> str:
        """What `lambdura up` has said so far."""
        return self._log.read_text(errors="replace")

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _until_ready(self, ready: Path) -> dict[str, Any]:
        deadline = time.monotonic() + START_SECONDS
        while not (ready.exists() and ready.stat().st_size > 0):
            if self._process.poll() is not None:
                raise StartFailed(f"`lambdura up` ended with {self._process.returncode}:\n{self.log()}")
            if time.monotonic() > deadline:
                raise StartFailed(f"`lambdura up` was not up within {START_SECONDS:g} s:\n{self.log()}")
            time.sleep(0.05)
        document: dict[str, Any] = json.loads(ready.read_text())
        return document
