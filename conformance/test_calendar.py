"""Work that takes months is over at once on a clock that is wound: `calendar/`, in Python, TypeScript and Rust.

AWS's cloud test runners for Python and JavaScript look on, with nothing but their endpoint changed.
"""

import itertools
import json
import os
import shutil
import subprocess

import pytest
from aws_durable_execution_sdk_python.execution import InvocationStatus
from aws_durable_execution_sdk_python_testing import DurableFunctionCloudTestRunner
from system import HERE, PATIENCE_SECONDS, binary, rust_code, up

DAY = 24 * 60 * 60
FUNCTIONS = ["PythonCalendar", "NodeCalendar", "RustCalendar"]
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    answers = str(HERE / "calendar/answers.yaml")
    folder = tmp_path_factory.mktemp("calendar")
    arguments = ["--clock", "auto", "--answers", answers, *rust_code("conformance-handlers", folder / "rust")]
    with up("calendar", folder, *arguments) as running:
        yield running


def done(system, function, what):
    """The ended execution, and its history."""
    arn = system.begin(function, {"do": what}, f"{what}-{next(numbers)}")
    ended = system.ended(arn)
    assert ended["Status"] == "SUCCEEDED", ended
    return ended, system.history(arn)


def seconds_until(history, event_type, name):
    """From the start to the event, by the clock that the history goes by."""
    times = {(one["EventType"], one.get("Name")): one["EventTimestamp"] for one in history}
    began = history[0]["EventTimestamp"]
    return (times[event_type, name] - began).total_seconds()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_branches_wake_in_the_order_of_their_times(system, function):
    _, history = done(system, function, "branches")
    names = [one["Name"] for one in history if one["EventType"] == "StepSucceeded"]
    assert names == ["short", "minute", "hours"]
    short, minute, hours = (seconds_until(history, "StepSucceeded", name) for name in names)
    assert 0.3 <= short < 60 <= minute < 120, (short, minute)
    assert 7_200 <= hours < 7_260, hours


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_year_of_charges_with_one_retry_is_cancelled_by_a_callback(system, function):
    ended, history = done(system, function, "subscribe")
    assert json.loads(ended["Result"]) == {"charged": 12, "why": "moved away"}
    charges = [one["Name"] for one in history if one["EventType"] == "StepSucceeded"]
    assert charges == [f"charge {month}" for month in range(1, 13)]
    assert sum(one["EventType"] == "StepFailed" for one in history) == 1
    days = (ended["EndTimestamp"] - ended["StartTimestamp"]).total_seconds() / DAY
    # Eleven months, ten days of the twelfth, and up to a day until the retry.
    assert 340 <= days < 341.1, days


@pytest.mark.parametrize("function", FUNCTIONS)
def test_rules_answer_for_people_and_for_functions_that_are_not_there(system, function):
    ended, history = done(system, function, "approve")
    result = json.loads(ended["Result"])
    assert (result["score"], result["answer"]) == (700, {"approved": True})
    assert "too good" in result["suspicion"]
    days = (ended["EndTimestamp"] - ended["StartTimestamp"]).total_seconds() / DAY
    assert 5 <= days < 5.1, days


@pytest.mark.parametrize("function", FUNCTIONS)
def test_awss_own_runner_waits_for_no_month(system, function, monkeypatch):
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
    runner = DurableFunctionCloudTestRunner(
        function_name=f"{function}:live", region="us-east-1", lambda_endpoint=system.endpoint, poll_interval=0.1
    )
    result = runner.wait_for_result(runner.run_async(input={"do": "subscribe"}), timeout=PATIENCE_SECONDS)
    assert result.status is InvocationStatus.SUCCEEDED, result.error
    assert result.get_step("charge 3").attempt == 2


def test_awss_own_runner_for_javascript_waits_for_no_month(system, tmp_path):
    tests = tmp_path / "tests"
    shutil.copytree(HERE / "runners/tests", tests)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=tests, check=True, capture_output=True)
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
    environment = {**os.environ, **keys, "AWS_ENDPOINT_URL": system.endpoint}
    done = subprocess.run(
        ["node", "--test", "calendar.test.mjs"],
        cwd=tests,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 3" in done.stdout, done.stdout


def test_the_clock_says_that_nothing_is_left(system):
    clock = json.loads(system.command("clock"))
    assert clock["mode"] == "auto"
    assert clock["ahead_ms"] > 340 * DAY * 1000
    assert clock["state"] in ("works", "nothing_due"), clock
