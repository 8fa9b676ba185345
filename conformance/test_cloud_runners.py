"""AWS's own cloud test runners, for Python and JavaScript, work with only their endpoint changed: `runners/`."""

import os
import shutil
import subprocess

import pytest
from aws_durable_execution_sdk_python.execution import InvocationStatus
from aws_durable_execution_sdk_python.lambda_service import ErrorObject, OperationStatus
from aws_durable_execution_sdk_python_testing import DurableFunctionCloudTestRunner
from aws_durable_execution_sdk_python_testing.exceptions import DurableFunctionsTestError
from system import HERE, PATIENCE_SECONDS, up

SUITE = {
    "name": "cloud_runners",
    "sdk": "cloud test runners for Python (`aws-durable-execution-sdk-python-testing` 1.4.0) and JavaScript "
    "(`@aws/durable-execution-sdk-js-testing`)",
    "version": "1.1.4",
}
REGION = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
FUNCTIONS = ["PythonParcel:live", "PythonParcel:$LATEST", "NodeParcel:live"]


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with up("runners", tmp_path_factory.mktemp("runners")) as running:
        yield running


@pytest.fixture
def runner(system, monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)

    def of(function):
        return DurableFunctionCloudTestRunner(
            function_name=function, region=REGION, lambda_endpoint=system.endpoint, poll_interval=0.1
        )

    return of


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_kind_of_operation_is_seen(runner, function):
    result = runner(function).run(input={"do": "send", "items": ["tea", "kettle"]}, timeout=PATIENCE_SECONDS)
    assert result.status is InvocationStatus.SUCCEEDED, result.error
    assert '"price":6' in result.result.replace(" ", "")
    assert result.get_step("label").result == '"2 items"'
    assert "6" in result.get_invoke("postage").result
    assert result.get_wait("transport").status is OperationStatus.SUCCEEDED
    assert result.get_wait("transport").scheduled_end_timestamp
    assert [child.name for child in result.get_context("pack").child_operations] == ["choose"]
    assert len(result.get_context("weigh").child_operations) == 2
    assert len(result.get_context("checks").child_operations) == 2
    weighed = [one for one in result.get_all_operations() if one.name == "weigh kettle"]
    assert [one.result for one in weighed] == ["6"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_callback_is_answered_by_the_test(runner, function):
    asked = runner(function)
    arn = asked.run_async(input={"do": "sign"})
    callback = asked.wait_for_callback(arn, timeout=PATIENCE_SECONDS)
    asked.send_callback_heartbeat(callback)
    asked.send_callback_success(callback, b'"Ada"')
    result = asked.wait_for_result(arn, timeout=PATIENCE_SECONDS)
    assert result.status is InvocationStatus.SUCCEEDED, result.error
    assert "signed by" in result.result and "Ada" in result.result
    assert result.get_context("signature").status is OperationStatus.SUCCEEDED


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_callback_is_refused_by_the_test(runner, function):
    asked = runner(function)
    arn = asked.run_async(input={"do": "sign"})
    callback = asked.wait_for_callback(arn, timeout=PATIENCE_SECONDS)
    asked.send_callback_failure(callback, ErrorObject("wrong door", "Refused", None, None))
    result = asked.wait_for_result(arn, timeout=PATIENCE_SECONDS)
    assert result.status is InvocationStatus.FAILED
    assert "wrong door" in result.error.message


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_failure_tells_its_error(runner, function):
    result = runner(function).run(input={"do": "lose"}, timeout=PATIENCE_SECONDS)
    assert result.status is InvocationStatus.FAILED
    assert "nobody knows where it is" in result.error.message
    carry = result.get_step("carry")
    assert carry.status is OperationStatus.FAILED
    assert "nobody knows where it is" in carry.error.message


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_step_is_tried_again(runner, function):
    result = runner(function).run(input={"do": "drop"}, timeout=PATIENCE_SECONDS)
    assert result.result == '"carried"'
    assert result.get_step("carry").attempt == 2


def test_an_execution_that_runs_out_of_time_is_told_so(runner):
    late = runner("Late:live")
    result = late.wait_for_result(late.run_async(input={}), timeout=PATIENCE_SECONDS)
    assert result.execution_status.value == "TIMED_OUT"


def test_a_function_that_is_not_durable_is_told_so(runner):
    with pytest.raises(DurableFunctionsTestError, match="No DurableExecutionArn"):
        runner("Postage").run(input={"items": []})
    with pytest.raises(DurableFunctionsTestError, match="Function not found"):
        runner("Nobody").run(input={})


def test_the_runner_for_javascript(system, tmp_path):
    """The tests in `runners/tests`, by Node's own test runner; npm installs what their lock names."""
    tests = tmp_path / "tests"
    shutil.copytree(HERE / "runners/tests", tests)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=tests, check=True, capture_output=True)
    environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": system.endpoint}
    done = subprocess.run(
        ["node", "--test", "--test-concurrency=8", "cloud.test.mjs"],
        cwd=tests,
        env=environment,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 17" in done.stdout, done.stdout
