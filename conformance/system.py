"""A system of a suite's own: `lambdura up` on a template below this folder, with boto3 pointed at it."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import boto3
import botocore.config

HERE = Path(__file__).parent
# Longest time for packages to be installed, or a Rust project to be compiled from nothing, and everything to answer; the
# machine may be busy.
START_SECONDS = 600
# Projects in Rust outside of this workspace are built where one finds what another's build left, and nobody debugs them.
RUST_PROJECTS = {
    "CARGO_TARGET_DIR": str(HERE.parent / "target/rust-projects"),
    "CARGO_INCREMENTAL": "0",
    "CARGO_PROFILE_DEV_DEBUG": "0",
}
# Longest time for anything else.
PATIENCE_SECONDS = 90


def until(what, look, patience=PATIENCE_SECONDS, pause=0.1):
    """Polls until `look` finds something; a failure shows what was seen last."""
    deadline = time.monotonic() + patience
    while True:
        found, seen = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited until {what}; last seen: {seen}"
        time.sleep(pause)


class System:
    """A running `lambdura up`."""

    def __init__(self, ready, records):
        self.ready = ready
        self.endpoint = ready["endpoint"]
        self.records = records
        config = botocore.config.Config(
            max_pool_connections=64,
            read_timeout=PATIENCE_SECONDS,
            retries={"total_max_attempts": 1},
        )
        self.client = boto3.client(
            "lambda",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=config,
        )

    def begin(self, function, payload, name):
        """Starts an execution and returns its ARN; the answer does not wait for its end."""
        answer = self.client.invoke(
            FunctionName=f"{function}:live",
            InvocationType="Event",
            DurableExecutionName=name,
            Payload=json.dumps(payload).encode(),
        )
        return answer["DurableExecutionArn"]

    def warm(self, function):
        """Has a process of the function started: any event will do, and so will any answer."""
        self.client.invoke(FunctionName=f"{function}:live", Payload=b'{"case": "warm", "name": "warm"}')

    def running(self, function):
        pages = self.client.get_paginator("list_durable_executions_by_function")
        pages = pages.paginate(FunctionName=function, Statuses=["RUNNING"])
        return {one["DurableExecutionArn"] for page in pages for one in page["DurableExecutions"]}

    def ended(self, arn):
        def look():
            shown = self.client.get_durable_execution(DurableExecutionArn=arn)
            return (shown if shown["Status"] != "RUNNING" else None), shown

        return until(f"{arn} has ended", look)

    def history(self, arn):
        pages = self.client.get_paginator("get_durable_execution_history")
        pages = pages.paginate(DurableExecutionArn=arn, IncludeExecutionData=True)
        return [event for page in pages for event in page["Events"]]

    def event(self, arn, event_type, name=None):
        """The first event of that type, as soon as there is one."""

        def look():
            events = self.history(arn)
            for event in events:
                if event["EventType"] == event_type and name in (None, event.get("Name")):
                    return event, None
            return None, [event["EventType"] for event in events]

        return until(f"{event_type} {name or ''} of {arn}", look)

    def suspended(self, arn):
        """The history, as soon as no invocation runs or is about to: whoever acts then, acts in a known order."""

        def look():
            events = self.history(arn)
            resting = events[-1]["EventType"] == "InvocationCompleted"
            failed = resting and events[-1]["InvocationCompletedDetails"].get("Error", {}).get("Payload")
            return (events if resting and not failed else None), [event["EventType"] for event in events]

        return until(f"{arn} waits", look)

    def callback(self, arn, name=None):
        """The id of a callback that the suspended execution waits for."""
        for event in self.suspended(arn):
            if event["EventType"] == "CallbackStarted" and name in (None, event.get("Name")):
                return event["CallbackStartedDetails"]["CallbackId"]
        raise AssertionError(f"{arn} has no callback {name}")

    def recorded(self, key):
        """What functions recorded under this key, in order."""
        if not self.records.exists():
            return []
        lines = (line.split("\t") for line in self.records.read_text().splitlines())
        return [what for case, what in lines if case == key]

    def get(self, path, **query):
        url = f"{self.endpoint}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)

    def command(self, *arguments):
        """What the command line prints as JSON: one document, or one for each line."""
        command = [binary(), *arguments, "--endpoint", self.endpoint, "--output", "json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        assert done.returncode == 0, done.stderr
        return done.stdout


def binary():
    return os.environ.get("LAMBDURA_BIN") or str(HERE.parent / "target/debug/lambdura")


def install(programs, data):
    """Puts functions' code where `lambdura up --no-build` looks for it in a data folder: cargo would compile much anew for
    them alone. `programs` has by function the name of a built program, a file of Python, or a command as a list.
    """
    for function, program in programs.items():
        place = Path(data) / "build" / function
        place.mkdir(parents=True, exist_ok=True)
        bootstrap = place / "bootstrap"
        match program:
            case Path():
                shutil.copy2(program, place)
            case list():
                bootstrap.write_text(f"#!/bin/sh\nexec {shlex.join(program)}\n")
                bootstrap.chmod(0o755)
            case name:
                shutil.copy2(Path(binary()).with_name(name), bootstrap)


def rust_code(program, folder):
    """Options that give a template's `RustCode` a built program: cargo would compile much anew for it alone."""
    folder.mkdir(exist_ok=True)
    shutil.copy2(Path(binary()).with_name(program), folder / "bootstrap")
    return ["--parameter", f"RustCode={folder}"]


@contextlib.contextmanager
def up(template, scratch, *arguments, variables=None):
    """Runs `lambdura up` on free ports with a data folder of its own, and ends it by its process id."""
    scratch.mkdir(parents=True, exist_ok=True)
    ready, log, records = scratch / "ready.json", scratch / "up.log", scratch / "records"
    command = [binary(), "up", str(HERE / template), "--listen", "127.0.0.1:0"]
    command += ["--http-api-listen", "127.0.0.1:0", "--data-dir", str(scratch / "data")]
    command += ["--ready-file", str(ready), "--env", f"RECORDS={records}", *arguments]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LAMBDURA_", "AWS_"))}
    environment.update(variables or {})
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:

        def answers():
            assert process.poll() is None, f"`lambdura up` ended:\n{log.read_text()}"
            return ready.exists() and ready.stat().st_size > 0, log.read_text()

        until(f"`lambdura up {template}` is ready", answers, START_SECONDS)
        yield System(json.loads(ready.read_text()), records)
        assert process.poll() is None, f"`lambdura up` did not survive:\n{log.read_text()}"
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        kept = HERE.parent / "target/conformance" / f"{Path(template).name}.log"
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, kept)
