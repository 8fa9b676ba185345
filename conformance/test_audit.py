"""The record of changes of servers that share a database: whoever is asked tells what was done at all of them, and a change
that was acknowledged is in it, also when its server is killed right after the answer."""

import http.client
import io
import json
import os
import shutil
import signal
import subprocess
import tempfile
import zipfile
from pathlib import Path

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from cluster import Postgres
from system import PATIENCE_SECONDS, START_SECONDS, binary, until

SEALING_KEY = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("LAMBDURA_", "AWS_"))}
ENVIRONMENT |= {"LAMBDURA_SEALING_KEY": SEALING_KEY}


def lambdura(*arguments, variables=None):
    command = [binary(), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT | (variables or {}))


class Serving:
    """`lambdura serve` on the database, for requests that are signed."""

    def __init__(self, folder, postgres, key):
        self.folder, self.postgres, self.key = Path(folder), postgres, key
        self.folder.mkdir()
        self.process, self.endpoint = None, None

    def start(self):
        ready, log = self.folder / "ready.json", self.folder / "serve.log"
        ready.unlink(missing_ok=True)
        command = [binary(), "serve", "--store", self.postgres.url, "--data-dir", str(self.folder / "data")]
        command += ["--listen", "127.0.0.1:0", "--http-api-listen", "127.0.0.1:0", "--enforce-policies"]
        command += ["--ready-file", str(ready)]
        with open(log, "ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, env=ENVIRONMENT)

        def answers():
            assert self.process.poll() is None, f"`lambdura serve` ended:\n{log.read_text()}"
            return ready.exists() and ready.stat().st_size > 0, log.read_text()

        until("a server is ready", answers, START_SECONDS)
        self.endpoint = json.loads(ready.read_text())["endpoint"]
        return self

    def run(self, *arguments):
        variables = {
            "LAMBDURA_ENDPOINT": self.endpoint,
            "LAMBDURA_ACCESS_KEY_ID": self.key["access_key_id"],
            "LAMBDURA_SECRET_ACCESS_KEY": self.key["secret_access_key"],
        }
        done = lambdura(*arguments, variables=variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def recorded(self, *arguments):
        text = self.run("audit", "-n", "1000", "--output", "json", *arguments)
        return [json.loads(line) for line in text.splitlines()]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)


@pytest.fixture(scope="module")
def postgres():
    folder = tempfile.mkdtemp(prefix="lambdura-postgres-")
    postgres = Postgres(folder)
    yield postgres
    postgres.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def servers(postgres, tmp_path_factory):
    made = lambdura("keys", "create", "admin", "--policy", "admin", "--store", postgres.url, "--output", "json")
    assert made.returncode == 0, made.stderr
    key, scratch = json.loads(made.stdout), tmp_path_factory.mktemp("audit")
    both = [Serving(scratch / name, postgres, key).start() for name in ["one", "two"]]
    yield both
    for server in both:
        server.stop()


def made_keys(lines):
    return [line for line in lines if line["action"] == "lambdura:CreateAccessKey"]


def test_each_server_tells_what_was_done_at_all(servers, postgres):
    one, two = servers
    for number, server in enumerate([one, two, one, two]):
        server.run("keys", "create", f"key-{number}", "--policy", "observe")
        # At once, at both.
        for asked in servers:
            lines = made_keys(asked.recorded())
            assert len(lines) == 2 + number, lines
    offline, *lines = made_keys(one.recorded())
    # The first one was made on the database, at no server.
    assert offline["who"].startswith("user ") and "server" not in offline, offline
    assert {line["kind"] for line in lines} == {"management"}
    assert {line["who"] for line in lines} == {"key admin"}
    first, second, *rest = [line["server"] for line in lines]
    assert first != second and rest == [first, second]
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    # Without a server, and by what is in them.
    read = lambdura("audit", "--store", postgres.url, "--output", "json")
    assert made_keys(map(json.loads, read.stdout.splitlines())) == [offline, *lines], read.stderr
    assert [line["server"] for line in one.recorded(second)] == [second] * 2
    # Each has its own lines as well.
    for server, address in zip(servers, [first, second]):
        text = (server.folder / "data/audit.jsonl").read_text()
        own = [json.loads(line) for line in text.splitlines()]
        assert {line["server"] for line in own} == {address}
        assert len(made_keys(own)) == 2


def test_what_was_acknowledged_is_recorded_when_its_server_is_killed(servers):
    one, two = servers
    for number in range(5):
        one.run("keys", "create", f"killed-{number}", "--policy", "observe")
        one.process.kill()
        one.process.wait()
        # The folder is of no use: the other server has none of it.
        lines = made_keys(two.recorded())
        assert len(lines) == 6 + number, lines
        one.start()
    assert len(made_keys(one.recorded())) == 10


def test_what_nobody_waited_for_comes_when_the_server_is_back(servers):
    """Denials and invocations are in the file of the server that was asked, and follow into the store."""
    one, two = servers
    looker = json.loads(one.run("keys", "create", "looker", "--policy", "answer", "--output", "json"))
    variables = {
        "LAMBDURA_ENDPOINT": one.endpoint,
        "LAMBDURA_ACCESS_KEY_ID": looker["access_key_id"],
        "LAMBDURA_SECRET_ACCESS_KEY": looker["secret_access_key"],
    }
    denied = lambdura("keys", "create", "more", "--policy", "admin", variables=variables)
    assert denied.returncode != 0, denied.stdout
    one.process.kill()
    one.process.wait()
    one.start()

    def is_there():
        lines = [line for line in two.recorded("looker") if line["who"] == "key looker"]
        return lines, lines

    (line,) = until("it is there", is_there)
    assert (line["kind"], line["outcome"], line["error"]) == ("data", "refused", "AccessDeniedException"), line


# Says that it has an event, and answers when it may.
HOLDING = """#!/usr/bin/env python3
import json, os, pathlib, time, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        request, body = event.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(event.read())
    pathlib.Path(body["begun"]).touch()
    while not os.path.exists(body["go"]):
        time.sleep(0.05)
    urllib.request.urlopen(urllib.request.Request(api + request + "/response", b"1", method="POST")).read()
"""


def test_whoever_leaves_before_the_answer_is_recorded_all_the_same(servers, tmp_path):
    one, _ = servers
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        bootstrap = zipfile.ZipInfo("bootstrap")
        bootstrap.external_attr = 0o755 << 16
        zipped.writestr(bootstrap, HOLDING)
    keys = {"aws_access_key_id": one.key["access_key_id"], "aws_secret_access_key": one.key["secret_access_key"]}
    functions = boto3.client("lambda", endpoint_url=one.endpoint, region_name="us-east-1", **keys)
    functions.create_function(
        FunctionName="Holding",
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role="arn:aws:iam::000000000000:role/any",
        Code={"ZipFile": archive.getvalue()},
        Timeout=60,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="Holding", WaiterConfig={"Delay": 1})
    begun, go = tmp_path / "begun", tmp_path / "go"
    url = f"{one.endpoint}/2015-03-31/functions/Holding/invocations"
    request = botocore.awsrequest.AWSRequest("POST", url, data=json.dumps({"begun": str(begun), "go": str(go)}))
    credentials = botocore.credentials.Credentials(*keys.values())
    botocore.auth.SigV4Auth(credentials, "lambda", "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(one.endpoint.split("//")[1], timeout=PATIENCE_SECONDS)
    connection.request("POST", "/2015-03-31/functions/Holding/invocations", body=request.body, headers=dict(request.headers))
    try:
        until("the function has the event", lambda: (begun.exists(), one.process.poll()))
        connection.close()

        def is_there():
            lines = [line for line in one.recorded("lambda:InvokeFunction") if line["outcome"] == "left"]
            return lines, lines

        (line,) = until("it is recorded", is_there)
    finally:
        go.touch()
    assert (line["who"], line["kind"]) == ("key admin", "data"), line
    assert line["resource"].endswith(":function:Holding") and "status" not in line, line
