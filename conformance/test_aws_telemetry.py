"""AWS's conformance suite for telemetry, `aws-durable-execution-conformance-tests-telemetry`, on AWS's exporter for Python.

The exporter writes to CloudWatch Logs, which is not here: an emulator (MiniStack) has them, and the function reaches it
by its one endpoint. What the execution should be and what should be recorded is judged by AWS's own code.
"""

import json
from types import MappingProxyType

import boto3
import pytest
from aws_durable_execution_conformance_tests import sam
from aws_durable_execution_conformance_tests.clients import AwsClients
from aws_durable_execution_conformance_tests.extensions import ValidationContext
from aws_durable_execution_conformance_tests.validate import load_yaml_file, validate_description
from aws_durable_execution_conformance_tests_telemetry.extension import TelemetryExtension
from emulator import ministack
from system import up
from test_elsewhere import outside

SUITE = {
    "name": "telemetry",
    "sdk": "aws-durable-execution-conformance-tests-telemetry",
    "version": "0.1.0",
}
GROUP = "/telemetry"
[REQUIREMENTS] = TelemetryExtension().requirement_suites()
FILES = sorted(REQUIREMENTS.root.glob("*.yaml"))


class Stack:
    """The one function of the stack, for whoever asks CloudFormation for it."""

    def get_paginator(self, operation):
        assert operation == "list_stack_resources"
        return self

    def paginate(self, StackName):
        adder = {
            "ResourceType": "AWS::Lambda::Function",
            "LogicalResourceId": "Adder",
            "PhysicalResourceId": f"{StackName}-Adder",
        }
        return [{"StackResourceSummaries": [adder]}]

    def describe_stack_resource(self, StackName, LogicalResourceId):
        return {"StackResourceDetail": {"PhysicalResourceId": f"{StackName}-{LogicalResourceId}"}}


class Logs:
    """Logs of the emulator; of CloudWatch's filters it knows none that look into JSON."""

    def __init__(self, client):
        self.client = client

    def filter_log_events(self, logGroupName, startTime, endTime, filterPattern, **_):
        found = self.client.filter_log_events(logGroupName=logGroupName, startTime=startTime, endTime=endTime)
        of_this = [event for event in found["events"] if json.loads(event["message"])["executionArn"] in filterPattern]
        return {"events": of_this}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_requirement(tmp_path, file):
    with ministack(tmp_path) as url, up("telemetry", tmp_path / "system", "--aws-endpoint", url) as system:
        logs = boto3.client("logs", **outside(system))
        logs.create_log_group(logGroupName=GROUP)
        services = {"lambda": system.client, "cloudformation": Stack(), "logs": Logs(logs)}
        invoker = sam.Invoker("telemetry", "us-east-1", lambda_client=system.client, cfn_client=Stack())
        clients = AwsClients(MappingProxyType(services))
        result = validate_description(
            "Adder", file.stem, str(file), invoker, str(tmp_path), "us-east-1", clients, output_dir=str(tmp_path)
        )
        assert result.passed, result.errors
        context = ValidationContext(
            description_id=result.description_id,
            function_name=result.function_name,
            execution_arn=result.execution_arn,
            invocation_started_at_ms=result.invocation_started_at_ms,
            invocation_finished_at_ms=result.invocation_finished_at_ms,
            region="us-east-1",
            language="python",
            requirement=load_yaml_file(str(file)),
            execution_history=result.execution_history,
            output_dir=tmp_path,
            placeholders={**result.placeholders, "EXECUTION_ARN": result.execution_arn},
            options={"telemetry_log_group": GROUP, "telemetry_wait_seconds": 1},
            aws_clients=services,
        )
        assert REQUIREMENTS.validation_hook(context) == []


def test_there_is_a_requirement():
    assert FILES
