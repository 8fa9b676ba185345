"""State machines for tests: the stack in `state-machines`, a client of Step Functions, and what is done with them."""

import json

import boto3
import botocore.config
import pytest
from botocore.exceptions import ClientError
from system import until, up

ORDERS = "arn:aws:states:us-east-1:000000000000:stateMachine:orders"
ACTIVITY = "arn:aws:states:us-east-1:000000000000:activity:"
ROLE = "arn:aws:iam::000000000000:role/any"


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """A stack of the module's own."""
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


def kinds(states, arn):
    """The types of an execution's events."""
    return [event["type"] for event in events(states, arn)]


def made(states, name, definition):
    """A machine of a definition, by its ARN."""
    return states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]


def definition(word, wait=None):
    """Says a word; waits for a token of a function before, if it is told to."""
    states = {"Say": {"Type": "Pass", "Result": word, "ResultPath": "$.said", "End": True}}
    if wait:
        states["Wait"] = {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "Say"}
    return json.dumps({"Comment": f"says {word}", "StartAt": "Wait" if wait else "Say", "States": states})


def said(states, machine, name, given=None):
    shown = ended(states, start(states, name, given or {}, machine))
    assert shown["status"] == "SUCCEEDED", shown
    return json.loads(shown["output"])["said"]
