"""AWS's conformance requirements: our SDK's handlers on our service, judged by AWS's own validators.

The validators are those of the package `aws-durable-execution-conformance-tests`, as they are. What it does with SAM
and AWS accounts is done here by a `lambdura up` of the handlers' template, and its three clients lead there: boto3's
own for Lambda, and stand-ins for the few calls of CloudFormation and CloudWatch Logs that it makes.

All requirements run at the same time, on threads, before the first test; each is one test, which looks at its result.
What became of them is written to `target/conformance/rust.json`, if all of them were run. `CONFORMANCE_CHECKOUT`, a
checkout of AWS's repository, has its requirements taken instead of the package's; then nothing is written.
"""

import json
import os
import re
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

import boto3
import pytest
from aws_durable_execution_conformance_tests import sam
from aws_durable_execution_conformance_tests.clients import AwsClients
from aws_durable_execution_conformance_tests.config import TESTS_DIR
from aws_durable_execution_conformance_tests.extensions import load_extensions, requirement_description
from aws_durable_execution_conformance_tests.validate import (
    parse_function_descriptions,
    validate_description,
)
from botocore.config import Config
from handlers import HERE, NEWER, REGION, STACK, TEMPLATE, handlers_up

RESULTS = HERE.parent / "target" / "conformance" / "rust.json"
# Most of the time they wait for timers; more at once would only crowd the machine.
REQUIREMENTS_AT_ONCE = 40

PACKAGE = "packages/aws-durable-execution-conformance-tests"

# Requirements that cannot apply to Rust, with the reason. They have no test, and stand in the results as such.
NOT_APPLICABLE = {}

# A checkout of AWS's repository has requirements that the package does not have yet.
CHECKOUT = os.environ.get("CONFORMANCE_CHECKOUT")
REQUIREMENTS = Path(CHECKOUT, PACKAGE, "test-requirements") if CHECKOUT else TESTS_DIR
CASES = load_extensions(REQUIREMENTS, entry_points=[]).discover_requirements()
FUNCTIONS = {case: function for function, case in parse_function_descriptions(str(TEMPLATE))}
if CHECKOUT:
    FUNCTIONS |= NEWER


def in_order(case):
    return tuple(int(part) for part in case.split("-"))


class CloudFormation:
    """Which function is called what, in the stack that `lambdura up` is."""

    def get_paginator(self, operation):
        assert operation == "list_stack_resources"
        return self

    def paginate(self, StackName):
        logical_ids = FUNCTIONS.values()
        resources = [
            {
                "ResourceType": "AWS::Lambda::Function",
                "LogicalResourceId": logical_id,
                "PhysicalResourceId": f"{StackName}-{logical_id}",
            }
            for logical_id in logical_ids
        ]
        return [{"StackResourceSummaries": resources}]

    def describe_stack_resource(self, StackName, LogicalResourceId):
        return {"StackResourceDetail": {"PhysicalResourceId": f"{StackName}-{LogicalResourceId}"}}


class Logs:
    """The service's own logs, filtered as CloudWatch does it."""

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def filter_log_events(self, logGroupName, startTime, endTime, filterPattern):
        # The validator asks for JSON lines that have the execution's ARN in one of two fields.
        fields = dict(re.findall(r'\$\.(\w+) = "([^"]+)"', filterPattern))
        assert set(fields) == {"durableExecutionArn", "executionArn"}, filterPattern
        arn = fields["executionArn"]
        query = {"function": logGroupName.removeprefix("/aws/lambda/"), "limit": 1000}
        url = f"{self.endpoint}/lambdura/v1/logs?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            lines = json.load(answer)["lines"]
        assert len(lines) < 1000, "the log has more than one page"
        events = [
            {"message": line["text"], "timestamp": line["timestamp"], "ingestionTime": line["number"]}
            for line in lines
            if startTime <= line["timestamp"] <= endTime and self.is_of(arn, line["text"])
        ]
        return {"events": events}

    @staticmethod
    def is_of(arn, text):
        try:
            line = json.loads(text)
        except ValueError:
            return False
        if not isinstance(line, dict):
            return False
        return arn in (line.get("durableExecutionArn"), line.get("executionArn"))


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    with handlers_up(tmp_path_factory.mktemp("conformance")) as url:
        yield url


@pytest.fixture(scope="module")
def outcomes(request, endpoint, tmp_path_factory):
    """Validates the requirements of all tests that were chosen; a future of each."""
    config = Config(
        read_timeout=120, max_pool_connections=2 * REQUIREMENTS_AT_ONCE, retries={"mode": "standard"}
    )
    session = boto3.Session("test", "test", region_name=REGION)
    aws_lambda = session.client("lambda", endpoint_url=endpoint, config=config)
    cloud_formation = CloudFormation()
    services = {"lambda": aws_lambda, "cloudformation": cloud_formation, "logs": Logs(endpoint)}
    clients = AwsClients(MappingProxyType(services))
    invoker = sam.Invoker(STACK, REGION, lambda_client=aws_lambda, cfn_client=cloud_formation)
    events, histories = (str(tmp_path_factory.mktemp(name)) for name in ("events", "histories"))

    def validate(case):
        return validate_description(
            FUNCTIONS[case],
            case,
            str(CASES[case].path),
            invoker,
            events,
            REGION,
            clients,
            output_dir=histories,
        )

    # Those that look at logs wait longest, and begin first.
    looks_at_logs = lambda case: "ExpectedLogs" in CASES[case].path.read_text()
    cases = sorted(chosen(request), key=looks_at_logs, reverse=True)
    with ThreadPoolExecutor(max_workers=REQUIREMENTS_AT_ONCE) as pool:
        futures = {case: pool.submit(validate, case) for case in cases}
    if set(futures) | set(NOT_APPLICABLE) == set(CASES) and not CHECKOUT:
        write_results(futures)
    return futures


def chosen(request):
    tests = (test for test in request.session.items if test.path == request.path)
    return [test.callspec.params["case"] for test in tests if hasattr(test, "callspec")]


def write_results(futures):
    """What `docs/parity.md` is made of."""
    results = []
    for case in sorted(CASES, key=in_order):
        result = {
            "suite": CASES[case].suite.name,
            "requirement": case,
            "description": requirement_description(CASES[case]),
        }
        if case in NOT_APPLICABLE:
            result |= {"outcome": "not applicable", "reason": NOT_APPLICABLE[case]}
        else:
            failure = futures[case].exception()
            errors = [repr(failure)] if failure else futures[case].result().errors
            passed = failure is None and futures[case].result().passed
            result |= {"outcome": "passed" if passed else "failed"}
            if not passed:
                result |= {"reason": "\n".join(errors)}
        results.append(result)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    document = {"language": "rust", "package": "aws-durable-execution-conformance-tests 1.0.0"}
    RESULTS.write_text(json.dumps(document | {"results": results}, indent=2) + "\n")


@pytest.mark.parametrize("case", sorted(set(CASES) - set(NOT_APPLICABLE), key=in_order))
def test_requirement(case, outcomes):
    result = outcomes[case].result()
    described = f"{CASES[case].suite.name} {case}: {requirement_description(CASES[case])}"
    assert result.passed, "\n".join([described, *result.errors])


def test_no_requirement_is_forgotten():
    assert set(FUNCTIONS) == set(CASES)
    assert set(NOT_APPLICABLE) <= set(CASES)
