"""The AWS CLI and boto3, unmodified, show the demo's executions."""

import json

import pytest
from botocore.exceptions import ClientError
from conftest import until

FUNCTION = "LoanWorkflowFunction"

# What Alice's execution is made of: type and subtype, name, and what lies within.
OPERATIONS = """\
Step/Step validate_application
Context/Parallel *
  Context/ParallelBranch *
    Step/Step pull_credit_report
  Context/ParallelBranch *
    Step/Step pull_credit_report
  Context/ParallelBranch *
    Step/Step pull_credit_report
Step/Step calculate_risk_score
Context/WaitForCallback manager-approval
  Callback/* manager-approval create callback id
  Step/* manager-approval submitter
Context/WaitForCallback fraud-check
  Callback/* fraud-check create callback id
  Step/* fraud-check submitter
Step/Step generate_loan_offer
Step/Step disburse_funds
"""


@pytest.fixture(scope="module")
def execution(aws, alice):
    """Alice's execution, as the CLI lists it, once it has ended."""

    def look():
        listed = aws(
            "lambda", "list-durable-executions-by-function",
            "--function-name", FUNCTION, "--qualifier", "live", "--durable-execution-name", alice,
        )["DurableExecutions"]
        return len(listed) == 1 and listed[0]["Status"] != "RUNNING", listed

    return until("the execution has ended", look)[0]


@pytest.fixture(scope="module")
def events(aws, execution):
    history = aws(
        "lambda", "get-durable-execution-history",
        "--durable-execution-arn", execution["DurableExecutionArn"], "--include-execution-data",
    )
    return history["Events"]


def test_the_list_names_the_execution(execution, alice):
    assert execution["DurableExecutionName"] == alice
    assert execution["Status"] == "SUCCEEDED"
    assert execution["EndTimestamp"] >= execution["StartTimestamp"]
    assert f":function:{FUNCTION}:" in execution["FunctionArn"]


def test_the_execution_tells_input_and_result(aws, execution, alice):
    shown = aws("lambda", "get-durable-execution", "--durable-execution-arn", execution["DurableExecutionArn"])
    assert shown["Status"] == "SUCCEEDED"
    assert json.loads(shown["InputPayload"])["application_id"] == alice
    result = json.loads(shown["Result"])
    assert result["status"] == "approved", result


def test_the_history_is_numbered_without_gaps(events):
    assert [event["EventId"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["EventType"] == "ExecutionStarted"
    assert events[-1]["EventType"] == "ExecutionSucceeded"
    times = [event["EventTimestamp"] for event in events]
    assert times == sorted(times)


def test_the_execution_has_its_seventeen_operations(events):
    started = [event for event in events if event["EventType"] in ("StepStarted", "ContextStarted", "CallbackStarted")]
    first = {}
    for event in started:
        first.setdefault(event["Id"], event)
    assert len(first) == 17
    found = list(tree(first.values(), None, ""))
    expected = OPERATIONS.splitlines()
    assert len(found) == len(expected), "\n".join(found)
    for line, pattern in zip(found, expected):
        fits = line.startswith(pattern[:-1]) if pattern.endswith("*") else like(line, pattern)
        assert fits, f"`{line}` is not like `{pattern}`; all:\n" + "\n".join(found)


def test_every_operation_ended_well_and_once(events):
    endings = {}
    for event in events:
        if event["EventType"].startswith(("Step", "Context", "Callback")) and not event["EventType"].endswith("Started"):
            endings.setdefault(event["Id"], []).append(event["EventType"])
    assert len(endings) == 17
    assert all(len(types) == 1 and types[0].endswith("Succeeded") for types in endings.values()), endings


def test_boto3_reads_the_same_history_page_by_page(client, execution, events):
    pages = client.get_paginator("get_durable_execution_history").paginate(
        DurableExecutionArn=execution["DurableExecutionArn"], PaginationConfig={"PageSize": 7}
    )
    paged = [event for page in pages for event in page["Events"]]
    assert [event["EventId"] for event in paged] == [event["EventId"] for event in events]
    backwards = client.get_durable_execution_history(
        DurableExecutionArn=execution["DurableExecutionArn"], ReverseOrder=True
    )["Events"]
    assert [event["EventId"] for event in backwards] == [event["EventId"] for event in reversed(events)]


def test_functions_and_versions_are_listed(client):
    names = {function["FunctionName"] for function in client.list_functions()["Functions"]}
    assert names == {FUNCTION, "FraudCheckFunction", "LoanApiFunction"}
    aliases = client.list_aliases(FunctionName=FUNCTION)["Aliases"]
    assert [alias["Name"] for alias in aliases] == ["live"]
    versions = {version["Version"] for version in client.list_versions_by_function(FunctionName=FUNCTION)["Versions"]}
    assert aliases[0]["FunctionVersion"] in versions
    assert client.get_function(FunctionName=FUNCTION, Qualifier="live")["Configuration"]["DurableConfig"]


def test_an_unknown_execution_is_not_found(client, execution):
    unknown = execution["DurableExecutionArn"][:-1] + ("0" if execution["DurableExecutionArn"][-1] != "0" else "1")
    with pytest.raises(ClientError) as raised:
        client.get_durable_execution(DurableExecutionArn=unknown)
    assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_an_unqualified_durable_invoke_is_refused(aws, tmp_path):
    said = aws.fails("lambda", "invoke", "--function-name", FUNCTION, "--invocation-type", "Event", str(tmp_path / "out"))
    assert "InvalidParameterValueException" in said


def tree(operations, parent, indent):
    """The operations below `parent`, in the order of their start."""
    operations = list(operations)
    for operation in operations:
        if operation.get("ParentId") == parent:
            kind = operation["EventType"].removesuffix("Started")
            yield f"{indent}{kind}/{operation.get('SubType', '-')} {operation.get('Name', '-')}"
            yield from tree(operations, operation["Id"], indent + "  ")


def like(line, pattern):
    """Whether the line is the pattern, whose `/*` stands for any subtype."""
    if "/* " not in pattern:
        return line == pattern
    kind, name = pattern.split("/* ", 1)
    found_kind, rest = line.split("/", 1)
    return kind == found_kind and rest.split(" ", 1)[1] == name
