"""Inputs that claim to begin in the middle of a state machine, sent through everything that starts one."""

import json
import subprocess

import boto3
import pytest
from machines import ORDERS, ROLE, client, ended, events, kinds, made, start
from system import binary, until, up
from test_deploy import serving, two_servers
from test_step_functions import post

GUARDED = ORDERS.replace("orders", "guarded")
REDRIVE = {"state": "Pay", "input": {}, "variables": {}, "execution": {}}
ITEM = {"place": ["Each"], "input": {}, "item": {}, "execution": {}}
# Without a proof, and with one that is none.
FORGED = [
    {"lambdura:redrive": REDRIVE},
    {"lambdura:item": ITEM},
    *[
        {member: {"content": json.dumps(content), "proof": proof}}
        for member, content in [("lambdura:redrive", REDRIVE), ("lambdura:item", ITEM)]
        for proof in ["", "0" * 64]
    ],
]


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with up("guarded", tmp_path_factory.mktemp("guarded")) as system:
        yield system


@pytest.fixture(scope="module")
def states(system):
    return client(system)


@pytest.fixture(scope="module")
def functions(system):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("lambda", endpoint_url=system.endpoint, region_name="us-east-1", **keys)


def check_denied(states, arn, body):
    shown = ended(states, arn)
    assert (shown["status"], shown.get("error")) == ("FAILED", "Denied"), shown
    assert json.loads(shown["input"]) == body
    history = events(states, arn)
    assert [it["type"] for it in history] == [
        "ExecutionStarted",
        "ChoiceStateEntered",
        "ChoiceStateExited",
        "FailStateEntered",
        "ExecutionFailed",
    ]
    assert json.loads(history[0]["executionStartedEventDetails"]["input"]) == body


def test_who_may_is_paid(states):
    assert ended(states, start(states, "admin", {"role": "admin"}, GUARDED))["output"] == '"paid"'


@pytest.mark.parametrize("number", range(len(FORGED)))
def test_a_forged_input_is_an_input_like_any_other(system, states, functions, number):
    body = FORGED[number]
    check_denied(states, start(states, f"start-{number}", body, GUARDED), body)
    front = system.ready["http_apis"]["Front"]
    for url in [f"{system.ready['rest_apis']['ServerlessRestApi']}/pay", f"{front}/start"]:
        status, answer = post(url, body)
        assert status == 200, answer
        check_denied(states, answer["executionArn"], body)
    status, answer = post(f"{front}/run", body)
    assert (status, answer["status"], answer["error"]) == (200, "FAILED", "Denied"), answer
    quick = GUARDED.replace("guarded", "guarded-quick")
    answer = states.start_sync_execution(stateMachineArn=quick, input=json.dumps(body))
    assert (answer["status"], answer["error"]) == ("FAILED", "Denied"), answer
    # Lambda's own way to the machine's function: as a name that a redrive would have, too.
    for name in [f"invoked-{number}", f"start-{number}-redrive-1-0123456789abcdef"]:
        functions.invoke(
            FunctionName="guarded:live", InvocationType="Event", DurableExecutionName=name, Payload=json.dumps(body)
        )
    check_denied(states, f"{GUARDED.replace('stateMachine', 'execution')}:invoked-{number}", body)
    redrive = functions.list_durable_executions_by_function(FunctionName="guarded", DurableExecutionName=name)
    (redrive,) = redrive["DurableExecutions"]

    def over():
        shown = functions.get_durable_execution(DurableExecutionArn=redrive["DurableExecutionArn"])
        return (shown if shown["Status"] != "RUNNING" else None), shown

    assert until("it is over", over)["Error"]["ErrorType"] == "Denied"


def test_a_forged_input_from_another_machine(states):
    """Chained invokes, as every durable function makes them, and nested executions."""
    function = "arn:aws:lambda:us-east-1:000000000000:function:guarded:live"
    nested = "arn:aws:states:::states:startExecution"
    parameters = {"StateMachineArn": GUARDED, "Input.$": "$"}
    calls = {
        "direct": {"Resource": function},
        "invoke": {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": function, "Payload.$": "$"}},
        "sync": {"Resource": f"{nested}.sync:2", "Parameters": parameters},
    }
    for name, call in calls.items():
        definition = {"StartAt": "Call", "States": {"Call": {"Type": "Task", "End": True, **call}}}
        machine = made(states, f"calls-{name}", definition)
        for number, body in enumerate(FORGED):
            shown = ended(states, start(states, f"forged-{number}", body, machine))
            assert shown["status"] == "FAILED", shown
            assert "Denied" in shown["error"] + shown["cause"], shown
    definition = {"StartAt": "Call", "States": {"Call": {"Type": "Task", "End": True, "Resource": nested, "Parameters": parameters}}}
    machine = made(states, "calls-later", definition)
    for number, body in enumerate(FORGED):
        shown = ended(states, start(states, f"forged-{number}", body, machine))
        check_denied(states, json.loads(shown["output"])["ExecutionArn"], body)


def test_a_forged_input_of_a_schedule(states):
    body = {"lambdura:redrive": REDRIVE}

    def scheduled():
        listed = states.list_executions(stateMachineArn=GUARDED, statusFilter="FAILED")["executions"]
        # Those that have no name of ours.
        listed = [it for it in listed if not it["name"].startswith(("start-", "invoked-"))]
        inputs = {it["executionArn"]: states.describe_execution(executionArn=it["executionArn"]) for it in listed}
        found = [arn for arn, it in inputs.items() if json.loads(it["input"]) == body]
        return found, inputs

    check_denied(states, until("the minute is over", scheduled)[-1], body)


def test_a_proof_is_of_one_execution(states, functions):
    """Whoever may read the input of a redrive cannot begin another execution with it."""
    definition = {
        "StartAt": "Wait",
        "States": {"Wait": {"Type": "Wait", "Seconds": 600, "Next": "Deny"}, "Deny": {"Type": "Fail", "Error": "Denied"}},
    }
    machine = made(states, "proven", definition)
    arn = start(states, "first", {}, machine)
    until("it waits", lambda: ("WaitStateEntered" in kinds(states, arn), None))
    states.stop_execution(executionArn=arn)
    states.redrive_execution(executionArn=arn)
    until("it waits again", lambda: (kinds(states, arn).count("WaitStateEntered") == 2, kinds(states, arn)))
    listed = functions.list_durable_executions_by_function(FunctionName="proven")["DurableExecutions"]
    (redriven,) = [it["DurableExecutionArn"] for it in listed if "-redrive-" in it["DurableExecutionName"]]
    body = functions.get_durable_execution(DurableExecutionArn=redriven)["InputPayload"]
    assert "proof" in body
    again = states.start_execution(stateMachineArn=machine, name="second", input=body)["executionArn"]
    until("it waits", lambda: ("WaitStateEntered" in kinds(states, again), None))
    assert kinds(states, again)[0] == "ExecutionStarted"
    shown = states.describe_execution(executionArn=again)
    assert json.loads(shown["input"]) == json.loads(body)
    for one in (arn, again):
        states.stop_execution(executionArn=one)


RESTS = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Rest",
                "States": {"Rest": {"Type": "Wait", "Seconds": 5, "Next": "Done"}, "Done": {"Type": "Pass", "End": True}},
            },
            "End": True,
        }
    },
}


def rests(states):
    return states.create_state_machine(name="rests", definition=json.dumps(RESTS), roleArn=ROLE)["stateMachineArn"]


def redriven(states, machine):
    """An execution that was redriven, and whose items run."""

    def run(number):
        def look():
            runs = states.list_map_runs(executionArn=arn)["mapRuns"]
            counts = [states.describe_map_run(mapRunArn=it["mapRunArn"])["executionCounts"] for it in runs]
            return len(counts) == number and counts[0]["running"] == 2, counts

        until("its items run", look)

    arn = start(states, "redriven", [3, 4], machine)
    run(1)
    states.stop_execution(executionArn=arn)
    states.redrive_execution(executionArn=arn)
    run(2)
    return arn


def check_redriven(states, arn):
    shown = ended(states, arn)
    assert (shown.get("output"), shown["redriveCount"]) == ("[3,4]", 1), shown
    assert kinds(states, arn).count("ExecutionRedriven") == 1


def test_what_begins_in_the_middle_goes_on_after_the_server_was_killed(tmp_path):
    """The next server knows the proofs of the one before, and so does one that a backup is restored to."""
    with serving(tmp_path / "serve") as server:
        states = client(server.system)
        arn = redriven(states, rests(states))
        server.kill()
        server.start()
        backup = tmp_path / "kept.backup"
        subprocess.run([binary(), "backup", str(backup), "--data-dir", str(server.scratch / "data")], check=True)
        check_redriven(client(server.system), arn)
    restored = tmp_path / "restored"
    subprocess.run([binary(), "restore", str(backup), "--data-dir", str(restored / "data")], check=True)
    with serving(restored) as server:
        check_redriven(client(server.system), arn)


def test_what_begins_in_the_middle_goes_on_at_another_server(tmp_path):
    """Two servers of a database, of which one dies."""
    with two_servers(tmp_path) as (one, two):
        states, other = client(two.system), client(one.system)
        machine = rests(states)
        until("the other server has it", lambda: (other.list_state_machines()["stateMachines"], None))
        arn = redriven(states, machine)
        until("the other server knows", lambda: (other.describe_execution(executionArn=arn)["redriveCount"] == 1, None))
        two.kill()
        check_redriven(other, arn)
        two.start()
        check_redriven(client(two.system), arn)
