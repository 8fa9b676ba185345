"""State machines of a template, through boto3's client of Step Functions."""

import json
import os
import signal

import boto3
import botocore.config
import pytest
from botocore.exceptions import ClientError

from system import until, up


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with up("state-machines", tmp_path_factory.mktemp("state-machines")) as system:
        yield system


@pytest.fixture(scope="module")
def states(system):
    return client(system)


def client(system):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    # `StartSyncExecution` would be sent to `sync-127.0.0.1` otherwise.
    config = botocore.config.Config(inject_host_prefix=False)
    address = {"endpoint_url": system.endpoint, "region_name": "us-east-1"}
    return boto3.client("stepfunctions", **address, **keys, config=config)


ORDERS = "arn:aws:states:us-east-1:000000000000:stateMachine:orders"


def start(states, name, order, machine=ORDERS):
    return states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(order))["executionArn"]


def ended(states, arn):
    def look():
        shown = states.describe_execution(executionArn=arn)
        return (shown if shown["status"] != "RUNNING" else None), shown

    return until(f"{arn} has ended", look)


def refusal(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def events(states, arn, **arguments):
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn, **arguments)
    return [event for page in pages for event in page["events"]]


def test_machines_are_listed_and_described(states):
    machines = {it["name"]: it for it in states.list_state_machines()["stateMachines"]}
    assert set(machines) == {"orders", "quick", "parent"}
    assert machines["orders"]["stateMachineArn"] == ORDERS
    assert machines["quick"]["type"] == "EXPRESS"
    shown = states.describe_state_machine(stateMachineArn=ORDERS)
    definition = json.loads(shown["definition"])
    assert definition["States"]["Charge"]["Resource"].endswith(":function:state-machines-Charge")
    assert shown["status"] == "ACTIVE"


def test_an_execution_ends_with_its_output_and_its_history(states, tmp_path):
    order = {"amount": 5, "items": ["a", "b"], "busy": str(tmp_path / "busy")}
    arn = start(states, "small", {"order": order})
    assert arn == "arn:aws:states:us-east-1:000000000000:execution:orders:small"
    shown = ended(states, arn)
    assert shown["status"] == "SUCCEEDED", shown
    output = json.loads(shown["output"])
    assert output["charge"] == {"amount": 5}
    assert output["packed"] == [{"packed": "a"}, {"packed": "b"}]
    history = events(states, arn)
    # Items end in any order.
    kinds = [event["type"] for event in history if not event["type"].startswith("MapIteration")]
    assert kinds == [
        "ExecutionStarted",
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionFailed",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
        "ChoiceStateEntered",
        "ChoiceStateExited",
        "MapStateEntered",
        "MapStateStarted",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]
    items = [event["type"] for event in history if event["type"].startswith("MapIteration")]
    assert sorted(items) == ["MapIterationStarted"] * 2 + ["MapIterationSucceeded"] * 2
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert all(event["previousEventId"] < event["id"] for event in history)
    assert json.loads(history[1]["stateEnteredEventDetails"]["input"]) == {"order": order}
    assert history[4]["lambdaFunctionFailedEventDetails"]["error"] == "Busy"
    exited = history[8]["stateExitedEventDetails"]
    assert exited["name"] == "Charge" and json.loads(exited["output"])["charge"] == {"amount": 5}
    backwards = events(states, arn, reverseOrder=True)
    assert backwards == history[::-1]
    assert "input" not in events(states, arn, includeExecutionData=False)[1]["stateEnteredEventDetails"]


def test_a_failure_has_its_name_and_its_cause(states):
    arn = start(states, "refused", {"order": {"amount": -1, "items": []}})
    shown = ended(states, arn)
    assert shown["status"] == "FAILED"
    assert shown["error"] == "Order.Refused"
    assert json.loads(shown["cause"])["errorMessage"] == "less than nothing"
    last = events(states, arn)[-2:]
    assert [event["type"] for event in last] == ["FailStateEntered", "ExecutionFailed"]
    assert last[1]["executionFailedEventDetails"]["error"] == "Order.Refused"


def test_a_task_token_is_completed_from_outside(system, states):
    arn = start(states, "large", {"order": {"amount": 500, "items": []}})
    token = until("the token is told", lambda: (system.recorded("large"), None))[0]
    assert states.describe_execution(executionArn=arn)["status"] == "RUNNING"
    states.send_task_heartbeat(taskToken=token)
    assert refusal(states.send_task_success, taskToken=token, output="{") == "InvalidOutput"
    assert refusal(states.send_task_success, taskToken="none", output="1") == "InvalidToken"
    states.send_task_success(taskToken=token, output=json.dumps({"by": "Ada"}))
    shown = ended(states, arn)
    assert json.loads(shown["output"])["answer"] == {"by": "Ada"}
    kinds = [event["type"] for event in events(states, arn)]
    assert "TaskSubmitted" in kinds and "TaskSucceeded" in kinds
    arn = start(states, "denied", {"order": {"amount": 500, "items": []}})
    token = until("the token is told", lambda: (system.recorded("denied"), None))[0]
    states.send_task_failure(taskToken=token, error="Manager.Said.No", cause="too much")
    shown = ended(states, arn)
    assert (shown["status"], shown["error"], shown["cause"]) == ("FAILED", "Manager.Said.No", "too much")


def test_an_execution_is_stopped(system, states):
    arn = start(states, "stopped", {"order": {"amount": 500, "items": []}})
    until("it waits", lambda: (system.recorded("stopped"), None))
    states.stop_execution(executionArn=arn, error="Enough", cause="no need")
    shown = ended(states, arn)
    assert (shown["status"], shown["error"], shown["cause"]) == ("ABORTED", "Enough", "no need")
    assert events(states, arn)[-1]["type"] == "ExecutionAborted"
    listed = states.list_executions(stateMachineArn=ORDERS, statusFilter="ABORTED")["executions"]
    assert "stopped" in [it["name"] for it in listed]


def test_an_express_machine_answers_at_once(states):
    machine = ORDERS.replace("orders", "quick")
    answer = states.start_sync_execution(stateMachineArn=machine, input='{"n": 21}')
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "42")
    code = refusal(states.start_sync_execution, stateMachineArn=ORDERS, input="{}")
    assert code == "StateMachineTypeNotSupported"


def test_a_machine_runs_another(states):
    arn = start(states, "one", {"n": 4}, machine=ORDERS.replace("orders", "parent"))
    shown = ended(states, arn)
    assert shown.get("output") == "8", shown


def test_refusals_have_the_names_of_aws(states):
    nobody = ORDERS.replace("orders", "nobody")
    assert refusal(states.start_execution, stateMachineArn=nobody, input="{}") == "StateMachineDoesNotExist"
    assert refusal(states.describe_state_machine, stateMachineArn="orders") == "InvalidArn"
    missing = "arn:aws:states:us-east-1:000000000000:execution:orders:nobody"
    assert refusal(states.describe_execution, executionArn=missing) == "ExecutionDoesNotExist"
    assert refusal(states.start_execution, stateMachineArn=ORDERS, input="{") == "InvalidExecutionInput"
    assert refusal(states.start_execution, stateMachineArn=ORDERS, name="a b", input="{}") == "InvalidName"
    arn = start(states, "twice", {"order": {"amount": -1, "items": []}})
    ended(states, arn)
    again = {"stateMachineArn": ORDERS, "name": "twice"}
    assert refusal(states.start_execution, **again, input="{}") == "ExecutionAlreadyExists"
    create = {"name": "mine", "definition": "{}", "roleArn": "arn:aws:iam::000000000000:role/any"}
    assert refusal(states.create_state_machine, **create) == "UnknownOperationException"


def test_an_execution_survives_its_server(tmp_path):
    """The server is killed while the token is open; another one goes on."""
    with pytest.raises(AssertionError, match="did not survive"):
        with up("state-machines", tmp_path) as system:
            arn = start(client(system), "kept", {"order": {"amount": 500, "items": ["a"]}})
            token = until("the token is told", lambda: (system.recorded("kept"), None))[0]
            os.kill(system.ready["pid"], signal.SIGKILL)
            # Until it can be waited for; it still is, by whoever started it.
            until("it is dead", lambda: (has_ended(system.ready["pid"]), None))
    (tmp_path / "ready.json").unlink()
    with up("state-machines", tmp_path) as system:
        states = client(system)
        states.send_task_success(taskToken=token, output='"yes"')
        shown = ended(states, arn)
        output = json.loads(shown["output"])
        assert (output["answer"], output["packed"]) == ("yes", [{"packed": "a"}])


def has_ended(pid):
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
