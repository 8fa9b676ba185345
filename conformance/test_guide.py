"""The snippets of `docs/testing.md` that are not Rust: each is run as it stands there, but for names and addresses."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from system import HERE, PATIENCE_SECONDS, START_SECONDS, binary, up

GUIDE = (HERE.parent / "docs/testing.md").read_text()
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Loan:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: loan-approval
      Runtime: python3.13
      CodeUri: code/
      Handler: loan.handler
      AutoPublishAlias: live
      DurableConfig:
        ExecutionTimeout: 31622400
"""
LOAN = """
import json
from aws_durable_execution_sdk_python import durable_execution

@durable_execution
def handler(event, context):
    answer = context.wait_for_callback(lambda callback_id, _: None, name="manager")
    return {"status": "APPROVED" if json.loads(answer)["approved"] else "DENIED"}
"""


def snippet(language, marked):
    """The one block of a language that has this text in it."""
    [found] = [one for one in re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL) if marked in one]
    return found


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with up("runners", tmp_path_factory.mktemp("guide"), "--clock", "auto") as running:
        yield running


def test_the_runner_for_python(system, monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    code = snippet("python", "DurableFunctionCloudTestRunner").replace("http://127.0.0.1:3001", system.endpoint)
    found = {}
    exec(code.replace("Parcel:live", "PythonParcel:live"), found)
    assert "Ada" in found["result"].result


def test_the_runner_for_javascript(system, tmp_path):
    tests = tmp_path / "tests"
    shutil.copytree(HERE / "runners/tests", tests)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=tests, check=True, capture_output=True)
    code = snippet("js", "CloudDurableTestRunner").replace("Parcel:live", "NodeParcel:live")
    (tests / "guide.mjs").write_text(code + "\nconsole.log(result.getStatus(), result.getResult())\n")
    environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": system.endpoint}
    run = {"cwd": tests, "env": environment, "capture_output": True, "text": True, "timeout": PATIENCE_SECONDS}
    done = subprocess.run(["node", "guide.mjs"], **run)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("SUCCEEDED") and "Ada" in done.stdout, done.stdout


def test_the_commands_of_the_clock(system):
    system.ended(system.begin("NodeParcel", {"do": "drop"}, "dropped"))
    lines = [line.split("#")[0] for line in snippet("sh", "lambdura clock next").splitlines()]
    assert len(lines) == 5
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "lambdura"
        system.command(*arguments)
    system.command("clock", "release")


@pytest.fixture
def loan(tmp_path):
    """A stack with the function that the snippets name."""
    stack = tmp_path / "loan"
    (stack / "code").mkdir(parents=True)
    (stack / "template.yaml").write_text(TEMPLATE)
    (stack / "code/loan.py").write_text(LOAN)
    return stack


def test_the_rules_for_answers(loan, tmp_path):
    rules = tmp_path / "answers.yaml"
    rules.write_text(snippet("yaml", "callbacks:").replace("manager-approval", "manager"))
    with up(loan, tmp_path / "up", "--clock", "auto", "--answers", str(rules)) as system:
        ended = system.ended(system.begin("loan-approval", {"amount": 1}, "big-one"))
        assert ended["Result"] == '{"status": "APPROVED"}', ended
        days = (ended["EndTimestamp"] - ended["StartTimestamp"]).days
        assert days == 3, ended


def test_the_test_for_pytest(loan, tmp_path):
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nlambdura_template = {loan}\n")
    code = "from datetime import timedelta\n\n" + snippet("python", "def test_the_manager_answers_after_three_days")
    (tmp_path / "test_loan.py").write_text(code)
    client = HERE.parent / "clients/python/src"
    environment = {**os.environ, "LAMBDURA_BIN": str(Path(binary()).resolve()), "PYTHONPATH": str(client)}
    environment["PYTEST_PLUGINS"] = "lambdura_testing.plugin"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "test_loan.py")]
    run = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "timeout": START_SECONDS}
    done = subprocess.run(command, **run)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr
