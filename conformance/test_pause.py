"""Pause, resume and delete by the AWS CLI, on the demo's workflow, as one would in a shell."""

import json
import os
import subprocess
import time
import urllib.request
from pathlib import Path

import botocore
import pytest

API = os.environ["API_URL"]
PATIENCE_SECONDS = 90


@pytest.fixture
def aws(tmp_path):
    """The AWS CLI. Its own model of Lambda is older than botocore's, and knows no pause: it is given that one."""
    (tmp_path / "lambda").symlink_to(Path(botocore.__file__).parent / "data/lambda")
    environment = os.environ | {"AWS_DATA_PATH": str(tmp_path)}

    def run(*arguments, fails=False):
        command = ["aws", "lambda", *arguments, "--output", "json"]
        ran = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, env=environment
        )
        assert (ran.returncode != 0) == fails, ran.stderr
        return ran.stderr if fails else json.loads(ran.stdout or "null")

    return run


def http(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{API}{path}", data=data, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
        return json.load(answer)


def until(what, look):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not come within {PATIENCE_SECONDS} s"
        time.sleep(0.1)


def status_is(application_id, expected):
    return lambda: http("GET", f"/status/{application_id}")["status"] == expected


def test_a_paused_loan_takes_its_approval_and_goes_on_when_resumed(aws):
    applicant = {"name": "Alice Johnson", "address": "1 Main Street", "phone": "613-555-0101", "sin": "1111"}
    application_id = http("POST", "/apply", applicant | {"loan_amount": 150_000})["application_id"]
    until("the manager is asked", status_is(application_id, "pending_approval"))
    listed = aws(
        "list-durable-executions-by-function",
        "--function-name", "LoanWorkflowFunction",
        "--durable-execution-name", application_id,
    )  # fmt: skip
    arn = ["--durable-execution-arn", listed["DurableExecutions"][0]["DurableExecutionArn"]]

    def execution():
        return aws("get-durable-execution", *arn)

    aws("pause-durable-execution", *arn, "--reason", "the bank is closed")
    paused = until("the pause", lambda: (it := execution())["Status"] == "PAUSED" and it)
    assert paused["PauseDetails"]["Reason"] == "the bank is closed"
    refused = aws("pause-durable-execution", *arn, fails=True)
    assert "ResourceConflictException" in refused

    http("POST", f"/approve/{application_id}", {"approved": True})
    history = aws("get-durable-execution-history", *arn)["Events"]
    assert history[-1]["EventType"] == "CallbackSucceeded"
    assert execution()["Status"] == "PAUSED"

    aws("resume-durable-execution", *arn)
    until("the approval", status_is(application_id, "approved"))
    until("the end", lambda: execution()["Status"] == "SUCCEEDED")
    deleted = aws("delete-durable-execution", *arn)
    assert deleted["DeletionRequestTimestamp"]
    assert "ResourceNotFoundException" in aws("get-durable-execution", *arn, fails=True)
