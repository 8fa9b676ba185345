"""Requirements that AWS's repository has and its package on PyPI does not: 10-8 to 10-23, what plugins are told.

Checked here by tests of ours: the handlers in `rust/src/plugin_records.rs` have a plugin that prints all that it is
told, and each test looks for what its requirement wants. AWS's own text of them can be run too: see README.md.
"""

import json
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.config import Config
from handlers import NEWER, REGION, STACK, handlers_up

SUITE = {"name": "newer", "sdk": "lambdura", "version": ""}
PATIENCE_SECONDS = 90
INPUTS = {"10-8": "Ada", "10-11": "Ada", "10-17": "Ada", "10-19": "tea"}


class Told:
    """An execution of a requirement's handler, and what its plugins printed, in order."""

    def __init__(self, requirement, client, endpoint):
        function = f"{STACK}-{NEWER[requirement]}"
        answer = client.invoke(
            FunctionName=f"{function}:$LATEST",
            InvocationType="Event",
            Payload=json.dumps(INPUTS.get(requirement)),
        )
        self.arn = answer["DurableExecutionArn"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            shown = client.get_durable_execution(DurableExecutionArn=self.arn, IncludeExecutionData=True)
            self.records = [record for record in printed(endpoint, function) if record["durableExecutionArn"] == self.arn]
            # The last line may come a little after the end.
            if shown["Status"] != "RUNNING" and self.seen(hook="invocation-end", status=shown["Status"]):
                break
            assert time.monotonic() < deadline, (shown, self.records)
            time.sleep(0.2)
        self.status, self.result = shown["Status"], json.loads(shown.get("Result") or "null")
        pages = client.get_paginator("get_durable_execution_history").paginate(DurableExecutionArn=self.arn)
        self.events = [event for page in pages for event in page["Events"]]

    def id(self, kind, number=0):
        """The id of the first operation of a kind, as the history has it, or of another."""
        events = [event for event in self.events if event["EventType"].endswith("Started") and event.get("SubType") == kind]
        ids = list(dict.fromkeys(event["Id"] for event in events))
        return ids[number]

    def seen(self, **fields):
        """The places of the records that have these values; with a function, those that it accepts."""
        return [place for place, record in enumerate(self.records) if all(fits(record, *pair) for pair in fields.items())]

    def times(self, **fields):
        return len(self.seen(**fields))


def fits(record, field, wanted):
    if callable(wanted):
        return field in record and wanted(record[field])
    return record.get(field) == wanted


def printed(endpoint, function):
    url = f"{endpoint}/lambdura/v1/logs?{urllib.parse.urlencode({'function': function, 'limit': 1000})}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        texts = [line["text"] for line in json.load(answer)["lines"]]
    lines = [json.loads(text) for text in texts if text.startswith("{")]
    return [line for line in lines if "plugin" in line]


def instant(value):
    return value[:4].isdigit() and value.endswith("Z")


def anything(value):
    return True


@pytest.fixture(scope="module")
def told(request, tmp_path_factory):
    """All at once, because they mostly wait; an exception is its test's."""
    tests = [test for test in request.session.items if test.path == request.path]
    wanted = [test.callspec.params["requirement"] for test in tests if hasattr(test, "callspec")]
    with handlers_up(tmp_path_factory.mktemp("newer")) as endpoint:
        client = boto3.client(
            "lambda",
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(max_pool_connections=32),
        )
        with ThreadPoolExecutor(max_workers=16) as pool:
            yield {one: pool.submit(Told, one, client, endpoint) for one in wanted}


def changes(told):
    """10-8: a checkpoint's changes, each a part of all operations."""
    assert (told.status, told.result) == ("SUCCEEDED", "Hello, Ada!")
    step = told.id("Step")
    assert told.times(hook="operation-change", op=step, status="SUCCEEDED", in_full_map=True) == 1
    assert told.times(hook="operation-change", op=step, status="FAILED") == 0
    assert told.times(hook="operation-change", in_full_map=False) == 0


def ended_meanwhile(told):
    """10-9: a wait that ended between two invocations is news to the second."""
    assert told.status == "SUCCEEDED"
    wait = told.id("Wait")
    assert told.times(hook="updated-on-invoke", op=wait, status="SUCCEEDED", first=False) == 1
    assert told.times(hook="updated-on-invoke", first=True) == 0


def wait_begins_and_ends(told):
    """10-10: a wait's start and end, with its type."""
    wait = told.id("Wait")
    assert told.times(hook="operation-start", op=wait, type="WAIT") >= 1
    assert told.times(hook="operation-end", op=wait, type="WAIT", status="SUCCEEDED") == 1
    assert told.times(hook="operation-end", op=wait, status="FAILED") == 0


def parents(told):
    """10-11: an operation in a child context names it; the context has no parent."""
    assert (told.status, told.result) == ("SUCCEEDED", "Hello, Ada!")
    context, step = told.id("RunInChildContext"), told.id("Step")
    assert told.times(hook="operation-end", op=step, parent=context, status="SUCCEEDED") == 1
    assert told.times(hook="operation-end", op=context, parent="NONE", status="SUCCEEDED") == 1


def branches(told):
    """10-12: the function of each branch begins and ends once, inside the parallel."""
    assert told.result == ["task-1", "task-2"]
    parallel = told.id("Parallel")
    for number in range(2):
        branch = told.id("ParallelBranch", number)
        begins = told.seen(hook="fn-start", op=branch, parent=parallel)
        ends = told.seen(hook="fn-end", op=branch, parent=parallel, outcome="SUCCEEDED")
        assert len(begins) == len(ends) == 1 and begins < ends
    assert told.times(hook="fn-end", outcome="FAILED") == 0


def replayed_if_open(told):
    """10-13: a step that is to be tried again is told again as replayed; one that has ended is not."""
    assert told.result == "Operation succeeded"
    steady, flaky = told.id("Step", 0), told.id("Step", 1)
    assert told.times(hook="operation-start", op=steady, replay=False) == 1
    assert told.times(hook="operation-start", op=steady, replay=True) == 0
    assert told.times(hook="operation-start", op=flaky, replay=False) == 1
    assert told.times(hook="operation-start", op=flaky, replay=True) >= 1
    for step in (steady, flaky):
        assert told.times(hook="operation-end", op=step) == told.times(hook="operation-end", op=step, status="SUCCEEDED") == 1


def result_and_error(told):
    """10-14: an end has the recorded text of a result, or the message of an error."""
    assert told.status == "FAILED"
    good, bad = told.id("Step", 0), told.id("Step", 1)
    assert told.times(hook="operation-end", op=good, status="SUCCEEDED", result='"task-a"', error="NONE") == 1
    assert told.times(hook="operation-end", op=bad, status="FAILED", result="NONE", error="boom") == 1


def exhausted(told):
    """10-15: every attempt is told, and the step has failed only after the last."""
    assert told.status == "FAILED"
    step = told.id("Step")
    places = []
    for attempt in (1, 2):
        places += told.seen(hook="attempt-start", n=attempt, op=step)
        places += told.seen(hook="attempt-end", n=attempt, outcome="FAILED", op=step)
    assert len(places) == 4 and places == sorted(places)
    assert told.times(hook="attempt-start") == 2
    assert told.times(hook="attempt-end", outcome="SUCCEEDED") == 0
    ends = told.seen(hook="operation-end", op=step, status="FAILED")
    assert len(ends) == 1 and ends[0] > places[2]


def suspended(told):
    """10-16: the invocation that suspends ends too, and is not the last."""
    first = told.seen(hook="invocation-end", first=True, terminal=False)
    last = told.seen(hook="invocation-end", first=False, terminal=True, status="SUCCEEDED")
    assert len(first) == len(last) == 1 and first < last
    assert told.times(hook="invocation-end", first=True, terminal=True) == 0
    assert told.times(hook="invocation-end", status="FAILED") == 0


def faulty_beside_healthy(told):
    """10-17: one plugin panics in every hook, and the other is told everything."""
    assert (told.status, told.result) == ("SUCCEEDED", "Hello, Ada!")
    for hook in ["invocation-start", "operation-start", "attempt-start", "attempt-end", "operation-end", "invocation-end"]:
        assert told.times(plugin="CONFPLUGIN-FAULTY", hook=hook) == 1, hook
        assert told.times(plugin="CONFPLUGIN-HEALTHY", hook=hook) == 1, hook
    step = told.id("Step")
    assert told.times(plugin="CONFPLUGIN-HEALTHY", hook="attempt-end", op=step, outcome="SUCCEEDED") == 1
    assert told.times(plugin="CONFPLUGIN-HEALTHY", hook="invocation-end", status="SUCCEEDED") == 1


def pending_wait_is_replayed(told):
    """10-18: of two waits, the one that is still pending is told again as replayed."""
    assert told.result == ["short-done", "long-done"]
    start = {"hook": "operation-start", "type": "WAIT"}
    for name in ("short", "long"):
        assert told.times(**start, name=name, replay=False) == 1
        assert told.times(hook="operation-end", name=name, status="SUCCEEDED") == 1
    assert told.times(**start, name="long", replay=True, pending=True) >= 1
    assert told.times(**start, replay=True, pending=False) == 0
    assert told.times(**start, name="short", replay=True) == 0


def of_invocations(told):
    """10-19: the fields of an invocation, at its start and at its end."""
    assert told.result == "done-tea"
    for hook in ("invocation-start", "invocation-end"):
        fields = {"requestId": bool, "operationsCount": lambda count: count >= 0, "executionStartTimestamp": instant}
        assert told.times(hook=hook, **fields) == 2
        assert told.times(hook=hook, isFirstInvocation=True) == told.times(hook=hook, isFirstInvocation=False) == 1
    changed = lambda count: count >= 1
    assert told.times(hook="invocation-start", isFirstInvocation=False, updatedOperationsCount=changed) == 1
    assert told.times(hook="invocation-end", isFirstInvocation=True, terminal=False, status=bool) == 1
    assert told.times(hook="invocation-end", isFirstInvocation=False, terminal=True, status="SUCCEEDED") == 1
    assert told.times(hook="invocation-end", executionError=anything) == 0


def of_operations(told):
    """10-20: the fields of an operation, at its start and at its end."""
    assert told.result == "task-a"
    step = {"id": told.id("Step"), "name": "greet", "type": "STEP", "isReplay": False}
    assert told.times(hook="operation-start", **step) == 1
    ends = {"status": "SUCCEEDED", "attempt": 1, "startTimestamp": instant, "endTimestamp": instant}
    assert told.times(hook="operation-end", **step, **ends) == 1
    assert told.times(hook="operation-end", error=anything) == 0


def of_attempts(told):
    """10-21: the fields of an attempt, at its start and at its end."""
    assert told.result == "ok"
    step = {"id": told.id("Step"), "name": "flaky", "type": "STEP", "startTimestamp": instant, "isReplay": anything}
    for attempt, outcome in [(1, "FAILED"), (2, "SUCCEEDED")]:
        assert told.times(hook="attempt-start", attempt=attempt, **step) == 1
        assert told.times(hook="attempt-end", attempt=attempt, outcome=outcome, endTimestamp=instant, **step) == 1
    assert told.times(hook="attempt-end", outcome="FAILED", error=bool) == 1
    assert told.times(hook="attempt-end", outcome="SUCCEEDED", error=anything) == 0
    assert told.times(hook="attempt-start", attempt=3) == 0


def of_changes(told):
    """10-22: a change has the operation's fields."""
    fields = {"id": told.id("Step"), "name": "greet", "type": "STEP", "attempt": 1, "inFullMap": True, "isReplay": anything}
    fields |= {"startTimestamp": instant, "endTimestamp": instant, "executionArn": told.arn}
    fields |= {"updatedOperationsCount": lambda count: count >= 1, "operationsCount": lambda count: count >= 1}
    assert told.times(hook="operation-change", status="SUCCEEDED", **fields) == 1
    assert told.times(hook="operation-change", status="FAILED") == 0


def of_contexts(told):
    """10-23: contexts tell their sub type, and their functions whether they run again."""
    assert told.result == ["a-done", "b-done"]
    start = {"hook": "operation-start", "type": "CONTEXT", "isReplay": False}
    assert told.times(**start, id=told.id("Parallel"), subType="Parallel") == 1
    for name, runs in [("branch-a", 2), ("branch-b", 1)]:
        assert told.times(**start, name=name, subType="ParallelBranch") == 1
        assert told.times(hook="fn-start", name=name, isReplayingChildren=False) == 1
        assert told.times(hook="fn-start", name=name, isReplayingChildren=anything) >= runs
    assert told.times(hook="fn-start", name="branch-a", isReplayingChildren=True) >= 1


CHECKS = [
    changes,
    ended_meanwhile,
    wait_begins_and_ends,
    parents,
    branches,
    replayed_if_open,
    result_and_error,
    exhausted,
    suspended,
    faulty_beside_healthy,
    pending_wait_is_replayed,
    of_invocations,
    of_operations,
    of_attempts,
    of_changes,
    of_contexts,
]


@pytest.mark.parametrize(("requirement", "check"), list(zip(NEWER, CHECKS, strict=True)), ids=list(NEWER))
def test_requirement(told, requirement, check):
    assert check.__doc__.startswith(f"{requirement}:")
    check(told[requirement].result())
