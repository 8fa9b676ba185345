"""AWS's SAM CLI on an execution of ours: `sam remote …` at our endpoint, and `sam local …` with us as its external emulator.

It lives in an environment of its own, because it insists on its own versions of much; `sam local invoke` needs a
container engine, and is not tried.
"""

import json
import os
import subprocess
import sys
import urllib.parse

import pytest
from system import HERE, PATIENCE_SECONDS, up

SUITE = {"name": "sam_cli", "sdk": "SAM CLI", "version": "1.170.0"}
SAM = f"aws-sam-cli=={SUITE['version']}"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:PythonParcel"


@pytest.fixture(scope="module")
def sam_program():
    venv = HERE.parent / "target/sam-cli"
    python = venv / "bin/python"
    if not (venv / SAM).exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", SAM], check=True)
        (venv / SAM).touch()
    return venv / "bin/sam"


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with up("runners", tmp_path_factory.mktemp("sam")) as running:
        yield running


@pytest.fixture(params=["local", "remote"])
def where(request):
    return request.param


@pytest.fixture
def sam(sam_program, system, tmp_path):
    """Calls `sam`, which knows us by a port or by an endpoint, as a user would tell it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "HOME": str(tmp_path),
        "SAM_CLI_TELEMETRY": "0",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": system.endpoint,
        "DURABLE_EXECUTIONS_EXTERNAL_EMULATOR_PORT": str(urllib.parse.urlsplit(system.endpoint).port),
    }

    def call(*arguments, fails=False):
        command = [sam_program, *arguments]
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    return call


def test_an_execution_is_shown(sam, system, where):
    arn = system.begin("PythonParcel", {"do": "send", "items": ["tea"]}, f"shown-{where}")
    system.ended(arn)
    shown = json.loads(sam(where, "execution", "get", arn, "--format", "json"))
    assert shown["DurableExecutionArn"] == arn
    assert shown["Status"] == "SUCCEEDED"
    assert "SUCCEEDED" in sam(where, "execution", "get", arn)
    told = json.loads(sam(where, "execution", "history", arn, "--format", "json"))
    # The service's own pages are what it shows; there is but one of so few.
    assert [event["EventId"] for event in told["Events"]] == [event["EventId"] for event in system.history(arn)]
    table = sam(where, "execution", "history", arn)
    for name in ["label", "postage", "weigh", "transport", "ExecutionSucceeded"]:
        assert name in table, table


def test_an_execution_is_stopped(sam, system, where):
    arn = system.begin("PythonParcel", {"do": "sign"}, f"stopped-{where}")
    system.suspended(arn)
    sam(where, "execution", "stop", arn, "--error-message", "no longer wanted", "--error-type", "Cancelled")
    ended = system.ended(arn)
    assert ended["Status"] == "STOPPED"
    assert ended["Error"]["ErrorMessage"] == "no longer wanted"
    assert ended["Error"]["ErrorType"] == "Cancelled"


def test_a_callback_is_answered(sam, system, where):
    arn = system.begin("PythonParcel", {"do": "sign"}, f"answered-{where}")
    callback = system.callback(arn)
    sam(where, "callback", "heartbeat", callback)
    sam(where, "callback", "succeed", callback, "--result", "Ada")
    ended = system.ended(arn)
    assert json.loads(ended["Result"]) == "signed by Ada"


def test_a_callback_is_refused(sam, system, where):
    arn = system.begin("PythonParcel", {"do": "sign"}, f"refused-{where}")
    callback = system.callback(arn)
    sam(where, "callback", "fail", callback, "--error-message", "wrong door", "--error-type", "Refused")
    ended = system.ended(arn)
    assert ended["Status"] == "FAILED"
    assert "wrong door" in ended["Error"]["ErrorMessage"]


def test_what_is_not_there_is_said(sam, where):
    nobody = f"{ARN}:1/durable-execution/nobody/00000000-0000-0000-0000-000000000000"
    assert "not found" in sam(where, "execution", "get", nobody, fails=True).lower()
    assert "Invalid callback id" in sam(where, "callback", "succeed", "nonsense", "--result", "1", fails=True)


def test_a_function_is_invoked(sam, system):
    event = json.dumps({"do": "drop"})
    # A durable function is invoked at `$LATEST` unless the ARN says otherwise.
    assert "carried" in sam("remote", "invoke", ARN, "--event", event)
    named = [ARN, "--event", event, "--durable-execution-name", "by-sam", "--parameter", "Qualifier=live"]
    answer = json.loads(sam("remote", "invoke", *named, "--output", "json"))
    assert "/by-sam/" in answer["DurableExecutionArn"]
    assert system.ended(answer["DurableExecutionArn"])["Status"] == "SUCCEEDED"
    assert "6" in sam("remote", "invoke", ARN.replace("PythonParcel", "Postage"), "--event", '{"items": [1, 2]}')
