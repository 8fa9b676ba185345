"""The loan demo through AWS's own clients: boto3 and the AWS CLI, pointed at the running system."""

import base64
import json
import os
import subprocess
import time
import urllib.request

import boto3
import botocore.exceptions
import pytest

API = os.environ["API_URL"]
FUNCTION = "LoanWorkflowFunction"
# Longest time that anything may take; the machine may be busy.
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def client():
    return boto3.client("lambda")


def http(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(API + path, data=data, method=method, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def until(what, look):
    """Polls until `look` returns something; a failure shows what was seen last."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found, seen = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited until {what}; last seen: {seen}"
        time.sleep(0.05)


def apply(name, sin, amount):
    applicant = {"name": name, "address": "1 Main Street", "phone": "613-555-0101"}
    return http("POST", "/apply", {**applicant, "sin": sin, "loan_amount": amount})["application_id"]


def until_status(application_id, *wanted):
    def look():
        status = http("GET", f"/status/{application_id}")
        return (status if status["status"] in wanted else None), status

    return until(f"{application_id} is {wanted}", look)


def until_ended(client, application_id):
    def look():
        listed = client.list_durable_executions_by_function(
            FunctionName=FUNCTION, DurableExecutionName=application_id
        )["DurableExecutions"]
        assert len(listed) == 1, listed
        return (listed[0] if listed[0]["Status"] != "RUNNING" else None), listed

    return until(f"the execution of {application_id} has ended", look)


@pytest.fixture(scope="module")
def alice(client):
    """Alice's application, approved by the manager; the execution as the list shows it."""
    application_id = apply("Alice Johnson", "1111", 150_000)
    until_status(application_id, "pending_approval")
    http("POST", f"/approve/{application_id}", {"approved": True})
    until_status(application_id, "approved")
    return until_ended(client, application_id)


def history(client, arn):
    pages = client.get_paginator("get_durable_execution_history")
    pages = pages.paginate(DurableExecutionArn=arn, IncludeExecutionData=True, MaxItems=10)
    return [event for page in pages for event in page["Events"]]


def tree(events):
    """Operations nested as in the history: (sub-type, name, [children]), in order of start."""
    nodes, roots = {}, []
    for event in events:
        if "SubType" not in event or event["Id"] in nodes:
            continue
        node = (event["SubType"], event.get("Name"), [])
        nodes[event["Id"]] = node
        parent = nodes.get(event.get("ParentId"))
        (parent[2] if parent else roots).append(node)
    return roots


def test_alice_has_seventeen_operations_nested_as_the_workflow_reads(client, alice):
    assert alice["Status"] == "SUCCEEDED"
    events = history(client, alice["DurableExecutionArn"])
    assert [event["EventId"] for event in events] == list(range(1, len(events) + 1))
    step = lambda name: ("Step", name, [])
    waits = lambda name: (
        "WaitForCallback",
        name,
        [("Callback", f"{name} create callback id", []), step(f"{name} submitter")],
    )
    roots = tree(events)
    branches = roots[1][2]
    assert sorted(branch[1] for branch in branches) == [f"parallel-branch-{n}" for n in range(3)]
    for sub_type, _, steps in branches:
        assert (sub_type, steps) == ("ParallelBranch", [step("pull_credit_report")])
    assert roots[0] == step("validate_application")
    assert roots[1][0] == "Parallel"
    assert roots[2:] == [
        step("calculate_risk_score"),
        waits("manager-approval"),
        waits("fraud-check"),
        step("generate_loan_offer"),
        step("disburse_funds"),
    ]
    operations = {event["Id"] for event in events if "SubType" in event}
    assert len(operations) == 17, operations


def test_an_execution_is_shown_with_its_data_and_without(client, alice):
    arn = alice["DurableExecutionArn"]
    shown = client.get_durable_execution(DurableExecutionArn=arn)
    assert shown["Status"] == "SUCCEEDED"
    assert json.loads(shown["Result"])["status"] == "approved"
    assert json.loads(shown["InputPayload"])["application_id"] == shown["DurableExecutionName"]
    assert shown["FunctionArn"].endswith(f":function:{FUNCTION}:{shown['Version']}")
    bare = client.get_durable_execution(DurableExecutionArn=arn, IncludeExecutionData=False)
    assert "Result" not in bare and "InputPayload" not in bare
    events = client.get_durable_execution_history(
        DurableExecutionArn=arn, IncludeExecutionData=False
    )["Events"]
    assert events[0]["ExecutionStartedDetails"]["Input"] == {"Truncated": True}
    backwards = client.get_durable_execution_history(
        DurableExecutionArn=arn, ReverseOrder=True, MaxItems=1
    )["Events"]
    assert backwards[0]["EventType"] == "ExecutionSucceeded"


def test_the_callback_id_is_nowhere_for_the_applicant_to_see(client, alice):
    events = history(client, alice["DurableExecutionArn"])
    ids = [e["CallbackStartedDetails"]["CallbackId"] for e in events if "CallbackStartedDetails" in e]
    status = json.dumps(http("GET", f"/status/{alice['DurableExecutionName']}"))
    assert len(ids) == 2
    for callback_id in ids:
        assert callback_id not in status


def error_of(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call(**arguments)
    response = raised.value.response
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    return status, response["Error"]["Code"], response["Error"]["Message"]


def test_errors_are_typed_as_botocore_models_them(client, alice):
    arn = alice["DurableExecutionArn"]
    token = base64.b64encode(b"nonsense").decode()
    unknown = arn.replace("/durable-execution/", "/durable-execution/x")
    assert error_of(client.get_durable_execution, DurableExecutionArn=unknown) == (
        404,
        "ResourceNotFoundException",
        "Durable Execution does not exist",
    )
    stale = (400, "InvalidParameterValueException", "Invalid checkpoint token")
    for one in (arn, unknown):
        checkpoint = client.checkpoint_durable_execution
        assert error_of(checkpoint, DurableExecutionArn=one, CheckpointToken=token) == stale
        state = client.get_durable_execution_state
        assert error_of(state, DurableExecutionArn=one, CheckpointToken=token) == stale
    events = history(client, arn)
    used = next(e for e in events if "CallbackStartedDetails" in e)
    closed = {"CallbackId": used["CallbackStartedDetails"]["CallbackId"]}
    for call in (
        client.send_durable_execution_callback_success,
        client.send_durable_execution_callback_failure,
        client.send_durable_execution_callback_heartbeat,
    ):
        assert error_of(call, **closed)[:2] == (400, "CallbackTimeoutException")
        assert error_of(call, CallbackId=token)[:2] == (400, "InvalidParameterValueException")
    assert error_of(client.invoke, FunctionName=FUNCTION, Payload=b"{}") == (
        400,
        "InvalidParameterValueException",
        "You cannot invoke a durable function using an unqualified ARN.",
    )
    assert error_of(client.invoke, FunctionName="Nobody", Payload=b"{}")[:2] == (
        404,
        "ResourceNotFoundException",
    )
    assert error_of(client.invoke, FunctionName="FraudCheckFunction", Payload=b"{no")[:2] == (
        400,
        "InvalidRequestContentException",
    )
    too_long = client.list_durable_executions_by_function
    assert error_of(too_long, FunctionName="Nobody")[:2] == (404, "ResourceNotFoundException")


def test_a_stopped_execution_stays_stopped(client):
    application_id = apply("Alice Johnson", "1111", 150_000)
    until_status(application_id, "pending_approval")
    listed = client.list_durable_executions_by_function(
        FunctionName=FUNCTION, DurableExecutionName=application_id
    )["DurableExecutions"]
    arn = listed[0]["DurableExecutionArn"]
    first = client.stop_durable_execution(
        DurableExecutionArn=arn, Error={"ErrorType": "Demo", "ErrorMessage": "enough"}
    )
    second = client.stop_durable_execution(DurableExecutionArn=arn)
    assert first["StopTimestamp"] == second["StopTimestamp"]
    shown = client.get_durable_execution(DurableExecutionArn=arn)
    assert (shown["Status"], shown["Error"]["ErrorMessage"]) == ("STOPPED", "enough")


def test_functions_versions_and_aliases(client):
    names = {f["FunctionName"] for f in client.list_functions()["Functions"]}
    assert {FUNCTION, "FraudCheckFunction", "LoanApiFunction"} <= names
    alias = client.list_aliases(FunctionName=FUNCTION)["Aliases"][0]
    assert alias["Name"] == "live"
    function = client.get_function(FunctionName=FUNCTION, Qualifier="live")["Configuration"]
    assert function["Version"] == alias["FunctionVersion"]
    assert function["DurableConfig"]["ExecutionTimeout"] > 0
    versions = client.list_versions_by_function(FunctionName=FUNCTION)["Versions"]
    assert {"$LATEST", alias["FunctionVersion"]} <= {v["Version"] for v in versions}
    client.get_waiter("function_active_v2").wait(FunctionName=FUNCTION)


def aws(*arguments):
    command = ["aws", "lambda", *arguments, "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout or "null")


def test_the_aws_cli_prints_it(alice):
    listed = aws("list-durable-executions-by-function", "--function-name", FUNCTION)
    arns = [one["DurableExecutionArn"] for one in listed["DurableExecutions"]]
    arn = alice["DurableExecutionArn"]
    assert arn in arns
    shown = aws("get-durable-execution", "--durable-execution-arn", arn)
    assert shown["Status"] == "SUCCEEDED"
    events = aws("get-durable-execution-history", "--durable-execution-arn", arn)["Events"]
    assert events[0]["EventType"] == "ExecutionStarted"
    assert events[-1]["EventType"] == "ExecutionSucceeded"
