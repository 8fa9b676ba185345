"""Every operation, option and error path of AWS's Python SDK, run by its released package on `lambdura up`."""

import json

import pytest
from cases import Case, run_all
from drive import (
    EXTERNAL,
    answers,
    answers_in_reverse,
    heartbeats_then_answers,
    refuses,
    stops,
    stops_the_child,
)
from system import HERE, up
from transcript import Transcripts

FOLDER = HERE / "python"
SUITE = {"name": "python", "sdk": "aws-durable-execution-sdk-python", "version": "3.0.0"}


MEBIBYTE = 1024 * 1024


def py(name, case=None, **rest):
    return Case(name, "PyCases", case or name, **rest)


def one_at_a_time(kind, name, branches, completion="unset", **event):
    event = {"branches": branches, "completion": completion, "max_concurrency": 1, **event}
    return py(f"{kind}-{name}", kind, input=event)


def all_at_once(kind, name, branches, completion="unset", **event):
    event = {"branches": branches, "completion": completion, **event}
    return py(f"{kind}-{name}", kind, input=event, any_order=True)


def invoke(name, target, payload=None, tenant=None, any_order=True, **rest):
    """What is invoked may have ended before the invocation that invoked it; not if it waits itself."""
    event = {"target": target, "payload": payload, "tenant": tenant}
    event = {key: value for key, value in event.items() if value is not None}
    return py(f"invoke-{name}", "invoke", input=event, any_order=any_order, **rest)


ARN = "arn:aws:lambda:us-east-1:000000000000:function:PyChild:live"

CASES = [
    py("step-names"),
    *(
        py(f"step-preset-{preset}", "step-preset", input={"preset": preset, "failures": failures}, delays=delays)
        for preset, failures, delays in [
            ("default", 1, False),
            ("unset", 1, False),
            ("transient", 1, False),
            ("resource_availability", 1, False),
            ("critical", 2, True),
            ("linear", 2, True),
            ("fixed", 2, True),
            ("none", 1, True),
            ("exponential", 2, True),
            ("capped", 9, True),
            ("linear_config", 9, True),
        ]
    ),
    py("step-filter"),
    py("step-strategy"),
    py("step-exhausted"),
    py("step-caught"),
    py("step-reraised"),
    py("step-crash"),
    py("step-once"),
    py("step-once-crash", input={"retried": False}),
    py("step-once-crash-retried", "step-once-crash", input={"retried": True}),
    py("step-types"),
    py("step-serdes"),
    py("step-serdes-broken"),
    py("step-serdes-flaky"),
    py("step-size-largest", "step-size", input={"size": 256 * 1024}),
    py("step-size-too-large", "step-size", input={"size": 256 * 1024 + 1}),
    py("step-pages", outline=True),
    py("step-many", outline=True),
    py("step-bad-options"),
    py("wait-named"),
    py("wait-too-short"),
    py("wait-units"),
    py("wait-stopped", "wait-long", drive=stops),
    Case("wait-execution-timeout", "PyHurried", "rest", input={"do": "rest", "seconds": 100}),
    py("callback-success", "callback", drive=answers()),
    py("callback-no-result", "callback", drive=answers(result=None)),
    py("callback-failure", "callback", drive=refuses(**EXTERNAL)),
    py("callback-failure-bare", "callback", drive=refuses()),
    py("callback-timeout", "callback", input={"limits": "timeout"}),
    py("callback-heartbeat-timeout", "callback", input={"limits": "heartbeat"}),
    py("callback-heartbeats", "callback", input={"limits": "both"}, drive=heartbeats_then_answers),
    py("callback-uncaught", drive=refuses(**EXTERNAL)),
    py("callback-serdes", drive=answers(result=b'{"nested": [1, 2]}')),
    py("callback-early", drive=answers("answer", b"early")),
    py("callback-two", drive=answers_in_reverse),
    py("callback-ignored"),
    py("wait_for_callback-success", "wait_for_callback", drive=answers()),
    py("wait_for_callback-failure", "wait_for_callback", drive=refuses(**EXTERNAL)),
    py("wait_for_callback-timeout", "wait_for_callback", input={"limits": "timeout"}),
    py("wait_for_callback-heartbeat-timeout", "wait_for_callback", input={"limits": "heartbeat"}),
    py("wait_for_callback-heartbeats", "wait_for_callback", input={"limits": "both"}, drive=heartbeats_then_answers),
    py("wait_for_callback-decorated", any_order=True),
    py("wait_for_callback-serdes", any_order=True),
    py("wait_for_callback-submitter-retried", "wait_for_callback-submitter", input={"fails": "once"}, any_order=True),
    py("wait_for_callback-submitter-fails", "wait_for_callback-submitter", input={"fails": "always"}),
    invoke("durable", "PyChild:live", {"n": 1, "name": "invoke-durable"}, any_order=False),
    invoke("version", "PyChild:1", {"n": 2, "name": "invoke-version"}, any_order=False),
    invoke("arn", ARN, {"do": "nothing"}),
    invoke("durable-fails", "PyChild:live", {"do": "fail"}),
    invoke("durable-unqualified", "PyChild"),
    invoke("durable-times-out", "PyHurried:live", {"do": "rest", "seconds": 100}, any_order=False),
    invoke("durable-stopped", "PyChild:live", {"do": "rest", "seconds": 100}, any_order=False, drive=stops_the_child),
    invoke("plain", "PyPlain", {"n": 1}),
    invoke("plain-nothing", "PyPlain", {"do": "nothing"}),
    invoke("plain-fails", "PyPlain", {"do": "fail"}),
    invoke("plain-exits", "PyPlain", {"do": "exit"}),
    invoke("tenant", "PyPlain", {"do": "tenant"}, tenant="blue"),
    invoke("missing", "Nobody:live"),
    invoke("missing-alias", "PyChild:nobody"),
    py("invoke-uncaught", input={"target": "PyPlain", "payload": {"do": "fail"}}, any_order=True),
    py("invoke-serdes", any_order=True),
    py("invoke-large", any_order=True),
    py("invoke-too-large", any_order=True),
    py("invoke-chain", input={"depth": 3}, any_order=True),
    py("child"),
    py("child-nested"),
    py("child-fails"),
    py("child-uncaught"),
    py("child-large"),
    py("child-virtual"),
    py("child-serdes"),
    py("child-step-error"),
    py("with_retry-wrapped", "with_retry", input={"failures": 2, "wrapped": True, "label": "block"}),
    py("with_retry-unwrapped", "with_retry", input={"failures": 1, "wrapped": False}),
    py("with_retry-exhausted", "with_retry", input={"failures": 9, "wrapped": True}),
    py("with_retry-exhausted-unwrapped", "with_retry", input={"failures": 9, "wrapped": False}),
    all_at_once("parallel", "all", "SSS"),
    one_at_a_time("parallel", "in-order", "SSS"),
    one_at_a_time("parallel", "fail-fast", "SFS"),
    one_at_a_time("parallel", "min", "FSSS", "min"),
    one_at_a_time("parallel", "first-successful", "FSSS", "first_successful"),
    one_at_a_time("parallel", "tolerated", "SFS", "count"),
    one_at_a_time("parallel", "tolerance-exceeded", "FFS", "count"),
    one_at_a_time("parallel", "percentage", "FSSFS", "percentage"),
    one_at_a_time("parallel", "percentage-exceeded", "FFSFS", "percentage"),
    one_at_a_time("parallel", "all-completed", "FSF", "all_completed"),
    one_at_a_time("parallel", "all-successful", "SFS", "all_successful"),
    one_at_a_time("parallel", "custom", "FSSS", "custom"),
    one_at_a_time("parallel", "custom-failed", "FSFS", "custom"),
    one_at_a_time("parallel", "flat", "SFS", "all_completed", nesting="FLAT"),
    all_at_once("parallel", "flat-waits", "WSW", nesting="FLAT"),
    one_at_a_time("parallel", "waits-in-turn", "WSW"),
    all_at_once("parallel", "two-at-a-time", "SSSSS", max_concurrency=2),
    py("parallel-named"),
    py("parallel-throw"),
    py("parallel-custom-throw"),
    py("parallel-waits", drive=answers("question"), any_order=True),
    py("parallel-in-parallel", any_order=True),
    py("parallel-retry", any_order=True),
    py("parallel-large"),
    py("parallel-large-flat", "parallel-large", input={"nesting": "FLAT"}),
    py("parallel-serdes"),
    py("parallel-invalid"),
    all_at_once("map", "all", "SSS"),
    one_at_a_time("map", "in-order", "SSS", named=True),
    one_at_a_time("map", "fail-fast", "SFS"),
    one_at_a_time("map", "min", "FSSS", "min"),
    one_at_a_time("map", "tolerance-exceeded", "FFS", "count"),
    one_at_a_time("map", "percentage", "FSSFS", "percentage"),
    one_at_a_time("map", "custom", "FSSS", "custom"),
    one_at_a_time("map", "flat", "SFS", "all_completed", nesting="FLAT"),
    all_at_once("map", "waits", "WSW"),
    py("map-empty"),
    py("map-large"),
    py("map-serdes"),
    py("map-wide", any_order=True),
    py("condition-met", "condition", input={"wanted": 3, "attempts": 60}),
    py("condition-met-at-once", "condition", input={"wanted": 1, "attempts": 1}),
    py("condition-met-last", "condition", input={"wanted": 2, "attempts": 2}),
    py("condition-exhausted", "condition", input={"wanted": 9, "attempts": 2}),
    py("condition-own-strategy"),
    py("condition-check-fails"),
    py("condition-uncaught"),
    py("handler-result", input={"value": {"a": [1, None, "ü"]}}),
    py("handler-result-none", "handler-result"),
    py("handler-size-async", "handler-size", input={"size": MEBIBYTE}),
    py("handler-size-async-too-large", "handler-size", input={"size": MEBIBYTE + 1}),
    py("handler-input", input={"text": "i" * 900_000}),
    py("handler-error"),
    py("handler-not-json"),
    py("handler-invocation-error"),
    py("handler-execution-error"),
    py("handler-crash"),
    py("handler-exit"),
    py("handler-identity"),
    py("handler-changes-kind", "handler-changes", input={"change": "kind"}),
    py("handler-changes-name", "handler-changes", input={"change": "name"}),
    py("handler-changes-caught", "handler-changes", input={"change": "name", "caught": True}),
    py("handler-files", hide_results=True),
    py("logger"),
    Case("plugin-watcher", "PyWatched", "watched"),
]


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    scratch = tmp_path_factory.mktemp("python")
    with up("python", scratch, "--concurrency", "4") as system:
        yield system


@pytest.fixture(scope="module")
def outcomes(system):
    """Every case has ended, or its time was up."""
    return run_all(system, CASES, warm=("PyCases", "PyChild", "PyHurried"))


@pytest.fixture(scope="module")
def transcripts():
    return Transcripts(FOLDER / "transcripts.md")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(system, outcomes, transcripts, case):
    transcripts.check(case.name, outcomes.transcript(case))


def test_result_of_six_megabytes(system):
    """More than an answer holds, so the SDK checkpoints it; and what the caller gets is all of it."""
    largest = 6 * MEBIBYTE
    answer = system.client.invoke(
        FunctionName="PyCases:live",
        Payload=json.dumps({"case": "handler-size", "name": "six", "size": largest}).encode(),
    )
    assert answer["Payload"].read() == b'"' + b"r" * (largest - 2) + b'"'
    shown = system.ended(answer["DurableExecutionArn"])
    assert (shown["Status"], len(shown["Result"])) == ("SUCCEEDED", largest)


def test_logger_writes_each_line_once(system, outcomes):
    """The context's logger is silent while it replays; what is merely printed is repeated."""
    assert "logger" in outcomes.arns
    lines = [json.loads(line) for line in system.command("logs", "logger").splitlines()]
    written = [line["text"] for line in lines if line["stream"] != "PLATFORM"]
    # The runtime puts level, time and request id before the message; a trace takes further lines.
    messages = [text.rpartition("\t")[2].splitlines()[0] for text in written if text]
    once = ["line 1", "in the step", "line 2", "line 3", "in the child", "in the child, later"]
    once += ["own line", "with a trace"]
    assert [message for message in messages if message in once] == once
    assert messages.count("printed by logger") == 3
    assert "not shown" not in messages


def test_synchronous_invocation_waits_for_the_end(system):
    answer = system.client.invoke(
        FunctionName="PyCases:live", Payload=json.dumps({"case": "wait-named", "name": "sync"}).encode()
    )
    assert json.load(answer["Payload"]) == "rested"
    failed = system.client.invoke(
        FunctionName="PyCases:live", Payload=json.dumps({"case": "handler-error", "name": "sync-error"}).encode()
    )
    assert failed["FunctionError"] == "Unhandled"
    assert json.load(failed["Payload"])["errorMessage"] == "ü: the handler failed"
