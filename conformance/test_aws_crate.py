"""A function on AWS's own Rust crate runs here unmodified: every operation that the crate has."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

LAMBDURA = os.environ["LAMBDURA_BIN"]
# Cargo puts all binaries of the workspace beside each other.
HANDLERS = Path(LAMBDURA).with_name("aws-crate-handlers")
PATIENCE_SECONDS = 90

TEMPLATE = """
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: provided.al2023, Handler: bootstrap, Timeout: 60}
Resources:
  Tour:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: Tour
      CodeUri: tour/
      AutoPublishAlias: live
      DurableConfig: {ExecutionTimeout: 600, RetentionPeriodInDays: 1}
  Plain:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: Plain, CodeUri: plain/}
"""

PLAIN = """#!/bin/sh
# Answers every event with seven times six.
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
  headers=$(mktemp)
  curl -sS -D "$headers" -o /dev/null "$api/next"
  id=$(tr -d '\\r' < "$headers" | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
  rm -f "$headers"
  curl -sS -o /dev/null -d '{"answer":42}' "$api/$id/response"
done
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aws-crate")
    for name in ("tour", "plain"):
        (folder / name).mkdir()
    (folder / "template.yaml").write_text(TEMPLATE)
    shutil.copy(HANDLERS, folder / "tour/bootstrap")
    (folder / "plain/bootstrap").write_text(PLAIN)
    (folder / "plain/bootstrap").chmod(0o755)
    ready = folder / "ready.json"
    log = folder / "up.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [LAMBDURA, "up", folder, "--listen", "127.0.0.1:0", "--ready-file", ready, "--no-reload"],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for("the service", lambda: ready.exists() or server.poll() is not None)
        assert ready.exists(), log.read_text()
        endpoint = json.loads(ready.read_text())["endpoint"]
        config = Config(retries={"max_attempts": 0}, read_timeout=PATIENCE_SECONDS)
        yield boto3.client("lambda", endpoint_url=endpoint, config=config)
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE_SECONDS)


def wait_for(what, condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not come within {PATIENCE_SECONDS} s"
        time.sleep(0.05)


def history(client, arn):
    pages = client.get_paginator("get_durable_execution_history").paginate(
        DurableExecutionArn=arn, IncludeExecutionData=True
    )
    return [event for page in pages for event in page["Events"]]


def open_callback(client, arn, number):
    """The id of the so-many-th callback, once it is there."""

    def find():
        started = [event for event in history(client, arn) if event["EventType"] == "CallbackStarted"]
        if len(started) > number:
            return started[number]["CallbackStartedDetails"]["CallbackId"]
        execution = client.get_durable_execution(DurableExecutionArn=arn)
        assert execution["Status"] == "RUNNING", execution.get("Error")
        return None

    return wait_for(f"callback {number}", find)


def ended(client, arn):
    def look():
        execution = client.get_durable_execution(DurableExecutionArn=arn)
        return None if execution["Status"] == "RUNNING" else execution

    return wait_for(f"the end of {arn}", look)


def start(client, event):
    answer = client.invoke(
        FunctionName="Tour", Qualifier="live", InvocationType="Event", Payload=json.dumps(event)
    )
    return answer["DurableExecutionArn"]


def test_every_operation_comes_to_its_end(client):
    arn = start(client, {"plain": "Plain"})
    client.send_durable_execution_callback_success(
        CallbackId=open_callback(client, arn, 0), Result=b'"one"'
    )
    client.send_durable_execution_callback_success(
        CallbackId=open_callback(client, arn, 1), Result=b'"two"'
    )
    execution = ended(client, arn)
    assert execution["Status"] == "SUCCEEDED", execution.get("Error")
    assert json.loads(execution["Result"]) == {
        "step": {"first": 42, "flaky": 3, "lost": True},
        "wait": 3,
        "child": [7, 8],
        "batches": {"map": [10, 20, 30], "parallel": [42, 100]},
        "combinators": {"all": [1, 2], "settled": 2, "any": 4},
        "invoke": {"answered": {"answer": 42}, "missing": True},
        "callbacks": ["one", "two", True],
    }
    events = history(client, arn)
    assert [event["EventId"] for event in events] == list(range(1, len(events) + 1))
    succeeded = [event.get("Name") for event in events if event["EventType"] == "StepSucceeded"]
    once = ["first", "flaky", "inside", "in-block", "compute"]
    assert {name: succeeded.count(name) for name in once} == dict.fromkeys(once, 1), "a recorded step ran again"


def test_a_handler_that_fails_fails_its_execution(client):
    execution = ended(client, start(client, {"fail": True}))
    assert execution["Status"] == "FAILED"
    assert execution["Error"]["ErrorMessage"] == "asked to fail"
