"""Every operation, option and error path of AWS's JavaScript SDK, run by its released package on `lambdura up`."""

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
    stops_after_failures,
    stops_the_child,
)
from system import HERE, up
from transcript import Transcripts

FOLDER = HERE / "node"
SUITE = {"name": "node", "sdk": "@aws/durable-execution-sdk-js", "version": "2.4.0"}
MEBIBYTE = 1024 * 1024


def js(name, case=None, **rest):
    return Case(name, "JsCases", case or name, **rest)


def one_at_a_time(kind, name, branches, completion="unset", **event):
    event = {"branches": branches, "completion": completion, "max_concurrency": 1, **event}
    return js(f"{kind}-{name}", kind, input=event)


def all_at_once(kind, name, branches, completion="unset", **event):
    event = {"branches": branches, "completion": completion, **event}
    return js(f"{kind}-{name}", kind, input=event, any_order=True)


def invoke(name, target, payload=None, tenant=None, any_order=True, **rest):
    """What is invoked may have ended before the invocation that invoked it; not if it waits itself."""
    event = {"target": target, "payload": payload, "tenant": tenant}
    event = {key: value for key, value in event.items() if value is not None}
    return js(f"invoke-{name}", "invoke", input=event, any_order=any_order, **rest)


def promise(combinator, branches):
    event = {"combinator": combinator, "branches": branches}
    # Settled rejections are recorded with their stack traces, which name folders.
    hide_results = combinator == "allSettled"
    name = f"promise-{combinator}-{branches}"
    return js(name, "promise", input=event, any_order=True, hide_results=hide_results)


ARN = "arn:aws:lambda:us-east-1:000000000000:function:JsChild:live"
PRESETS = [
    ("default", 1, False),
    ("unset", 1, False),
    ("linear", 2, False),
    ("noRetry", 1, True),
    ("exponential", 2, True),
    ("capped", 9, True),
    ("linearConfig", 9, True),
    ("noDelay", 9, True),
]

CASES = [
    js("step-names"),
    *(
        js(f"step-preset-{preset}", "step-preset", input={"preset": preset, "failures": failures}, delays=delays)
        for preset, failures, delays in PRESETS
    ),
    js("step-filter"),
    js("step-strategy"),
    js("step-exhausted"),
    js("step-caught"),
    js("step-reraised"),
    js("step-throws-text"),
    js("step-crash"),
    js("step-once"),
    js("step-once-crash", input={"retried": False}),
    js("step-once-crash-retried", "step-once-crash", input={"retried": True}),
    js("step-serdes"),
    js("step-serdes-default"),
    js("step-serdes-broken"),
    js("step-circular", drive=stops_after_failures),
    js("step-values"),
    js("step-size-largest", "step-size", input={"size": 256 * 1024}),
    js("step-size-too-large", "step-size", input={"size": 256 * 1024 + 1}),
    js("step-pages", outline=True),
    js("step-many", outline=True),
    js("step-together", any_order=True),
    js("wait-named"),
    js("wait-units"),
    js("wait-too-short"),
    js("wait-beside-work"),
    js("wait-stopped", "wait-long", drive=stops),
    Case("wait-execution-timeout", "JsHurried", "rest", input={"do": "rest", "seconds": 100}),
    js("callback-success", "callback", drive=answers()),
    js("callback-no-result", "callback", drive=answers(result=None)),
    js("callback-failure", "callback", drive=refuses(**EXTERNAL)),
    js("callback-failure-bare", "callback", drive=refuses()),
    js("callback-timeout", "callback", input={"limits": "timeout"}),
    js("callback-heartbeat-timeout", "callback", input={"limits": "heartbeat"}),
    js("callback-heartbeats", "callback", input={"limits": "both"}, drive=heartbeats_then_answers),
    js("callback-uncaught", drive=refuses(**EXTERNAL)),
    js("callback-serdes", drive=answers(result=b'{"nested": [1, 2]}')),
    js("callback-early", drive=answers("answer", b"early")),
    js("callback-two", drive=answers_in_reverse),
    js("callback-ignored"),
    js("waitForCallback-success", "waitForCallback", drive=answers()),
    js("waitForCallback-failure", "waitForCallback", drive=refuses(**EXTERNAL)),
    js("waitForCallback-timeout", "waitForCallback", input={"limits": "timeout"}),
    js("waitForCallback-heartbeat-timeout", "waitForCallback", input={"limits": "heartbeat"}),
    js("waitForCallback-heartbeats", "waitForCallback", input={"limits": "both"}, drive=heartbeats_then_answers),
    js("waitForCallback-inside", any_order=True),
    js("waitForCallback-submitter-retried", "waitForCallback-submitter", input={"fails": "once"}, any_order=True),
    js("waitForCallback-submitter-fails", "waitForCallback-submitter", input={"fails": "always"}),
    invoke("durable", "JsChild:live", {"n": 1}, any_order=False),
    invoke("version", "JsChild:1", {"n": 2}, any_order=False),
    invoke("arn", ARN, {"do": "nothing"}),
    invoke("durable-fails", "JsChild:live", {"do": "fail"}),
    invoke("durable-unqualified", "JsChild"),
    invoke("durable-times-out", "JsHurried:live", {"do": "rest", "seconds": 100}, any_order=False),
    invoke("durable-stopped", "JsChild:live", {"do": "rest", "seconds": 100}, any_order=False, drive=stops_the_child),
    invoke("plain", "JsPlain", {"n": 1}),
    invoke("plain-nothing", "JsPlain", {"do": "nothing"}),
    invoke("plain-fails", "JsPlain", {"do": "fail"}),
    invoke("plain-exits", "JsPlain", {"do": "exit"}),
    invoke("tenant", "JsPlain", {"do": "tenant"}, tenant="blue"),
    invoke("missing", "Nobody:live"),
    invoke("missing-alias", "JsChild:nobody"),
    js("invoke-uncaught", input={"target": "JsPlain", "payload": {"do": "fail"}}, any_order=True),
    js("invoke-no-input", any_order=True),
    js("invoke-serdes", any_order=True),
    js("invoke-large", any_order=True),
    js("invoke-too-large", any_order=True),
    js("invoke-together", any_order=True),
    js("invoke-chain", input={"depth": 3}, any_order=True),
    js("child"),
    js("child-nested"),
    js("child-fails"),
    js("child-mapped"),
    js("child-uncaught"),
    js("child-large"),
    js("child-virtual"),
    js("child-serdes"),
    js("withRetry-wrapped", "withRetry", input={"failures": 2, "attempts": 3, "wrapped": True, "label": "block"}),
    js("withRetry-unwrapped", "withRetry", input={"failures": 1, "attempts": 3, "wrapped": False}),
    js("withRetry-exhausted", "withRetry", input={"failures": 9, "attempts": 2, "wrapped": True}),
    js("withRetry-exhausted-unwrapped", "withRetry", input={"failures": 9, "attempts": 1, "wrapped": False}),
    promise("all", "SSS"),
    promise("all", "F"),
    promise("allSettled", "SFS"),
    promise("any", "FS"),
    promise("any", "FF"),
    promise("race", "S"),
    promise("race", "F"),
    js("promise-waits", any_order=True),
    js("promise-race-callback", drive=answers("answer"), any_order=True),
    js("promise-any-all-fail", input={"branches": "FF"}, any_order=True),
    all_at_once("parallel", "all", "SSS"),
    one_at_a_time("parallel", "in-order", "SSS"),
    one_at_a_time("parallel", "fail-fast", "SFS"),
    one_at_a_time("parallel", "min", "FSSS", "min"),
    one_at_a_time("parallel", "first-successful", "FSSS", "first"),
    one_at_a_time("parallel", "tolerated", "SFS", "count"),
    one_at_a_time("parallel", "tolerance-exceeded", "FFS", "count"),
    one_at_a_time("parallel", "percentage", "FSSFS", "percentage"),
    one_at_a_time("parallel", "percentage-exceeded", "FFSFS", "percentage"),
    one_at_a_time("parallel", "everything", "FSF", "everything"),
    one_at_a_time("parallel", "custom", "FSSS", "custom"),
    one_at_a_time("parallel", "custom-failed", "FSFS", "custom"),
    one_at_a_time("parallel", "flat", "SFS", "everything", nesting="FLAT"),
    all_at_once("parallel", "flat-waits", "WSW", nesting="FLAT"),
    one_at_a_time("parallel", "waits-in-turn", "WSW"),
    all_at_once("parallel", "two-at-a-time", "SSSSS", max_concurrency=2),
    js("parallel-named"),
    js("parallel-throw"),
    js("parallel-custom-throw"),
    js("parallel-waits", drive=answers("question"), any_order=True),
    js("parallel-in-parallel", any_order=True),
    js("parallel-retry", any_order=True),
    js("parallel-large"),
    js("parallel-large-summary", "parallel-large", input={"summary": True}),
    js("parallel-large-flat", "parallel-large", input={"nesting": "FLAT"}),
    js("parallel-serdes"),
    js("parallel-invalid"),
    all_at_once("map", "all", "SSS"),
    one_at_a_time("map", "in-order", "SSS", named=True),
    one_at_a_time("map", "fail-fast", "SFS"),
    one_at_a_time("map", "min", "FSSS", "min"),
    one_at_a_time("map", "tolerance-exceeded", "FFS", "count"),
    one_at_a_time("map", "percentage", "FSSFS", "percentage"),
    one_at_a_time("map", "custom", "FSSS", "custom"),
    one_at_a_time("map", "flat", "SFS", "everything", nesting="FLAT"),
    all_at_once("map", "waits", "WSW"),
    js("map-empty"),
    js("map-large"),
    js("map-serdes"),
    js("map-wide", any_order=True),
    js("condition-met", "condition", input={"wanted": 3, "attempts": 60}),
    js("condition-met-at-once", "condition", input={"wanted": 1, "attempts": 1}),
    js("condition-met-last", "condition", input={"wanted": 2, "attempts": 2}),
    js("condition-exhausted", "condition", input={"wanted": 9, "attempts": 2}),
    js("condition-own-strategy"),
    js("condition-check-fails"),
    js("condition-uncaught"),
    js("handler-result", input={"value": {"a": [1, None, "ü"]}}),
    js("handler-result-undefined", "handler-result"),
    js("handler-size-async", "handler-size", input={"size": MEBIBYTE}),
    js("handler-size-async-too-large", "handler-size", input={"size": MEBIBYTE + 1}),
    js("handler-input", input={"text": "i" * 900_000}),
    js("handler-error"),
    js("handler-throws-text"),
    js("handler-not-json"),
    js("handler-crash"),
    js("handler-rejects-elsewhere"),
    js("handler-identity"),
    js("handler-changes-kind", "handler-changes", input={"change": "kind"}),
    js("handler-changes-name", "handler-changes", input={"change": "name"}),
    js("handler-changes-caught", "handler-changes", input={"change": "name", "caught": True}),
    js("handler-files", hide_results=True),
    js("logger"),
    js("logger-not-aware"),
    Case("plugin-watcher", "JsWatched", "watched"),
]


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with up("node", tmp_path_factory.mktemp("node"), "--concurrency", "4") as system:
        yield system


@pytest.fixture(scope="module")
def outcomes(system):
    """Every case has ended, or its time was up."""
    return run_all(system, CASES, warm=("JsCases", "JsChild", "JsHurried"))


@pytest.fixture(scope="module")
def transcripts():
    return Transcripts(FOLDER / "transcripts.md")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(outcomes, transcripts, case):
    transcripts.check(case.name, outcomes.transcript(case))


def test_result_of_six_megabytes(system):
    """More than an answer holds, so the SDK checkpoints it; and what the caller gets is all of it."""
    largest = 6 * MEBIBYTE
    payload = {"case": "handler-size", "name": "six", "size": largest}
    answer = system.client.invoke(FunctionName="JsCases:live", Payload=json.dumps(payload).encode())
    assert answer["Payload"].read() == b'"' + b"r" * (largest - 2) + b'"'
    shown = system.ended(answer["DurableExecutionArn"])
    assert (shown["Status"], len(shown["Result"])) == ("SUCCEEDED", largest)


def logged(system, name):
    lines = [json.loads(line) for line in system.command("logs", name).splitlines()]
    return [line["text"] for line in lines if line["stream"] != "PLATFORM"]


def in_order(documents, expected):
    """Level and message of each line, as they were written.

    Warnings and errors come by another pipe, so that lines of the same millisecond may arrive in either order: those
    are taken in the expected one. Lines of one pipe, and of different moments, keep theirs.
    """

    def told(document):
        return document["level"], document["message"].partition(" Hiccup")[0]

    def is_loud(level):
        return level in ("WARN", "ERROR")

    documents = sorted(documents, key=lambda document: document["timestamp"])
    pipes = {loud: [one for one in documents if is_loud(one["level"]) == loud] for loud in (True, False)}
    merged = []
    for level, _ in expected:
        if pipes[is_loud(level)]:
            merged.append(pipes[is_loud(level)].pop(0))
    merged += pipes[True] + pipes[False]
    moments = [one["timestamp"] for one in merged]
    return [told(one) for one in (merged if moments == sorted(moments) else documents)]


def test_logger_writes_each_line_once(system, outcomes):
    """The context's logger is silent while it replays; what is merely printed is repeated.

    The SDK takes a child context that has not ended for live: its lines come again with each invocation.
    """
    assert "logger" in outcomes.arns
    texts = logged(system, "logger")
    documents = [json.loads(text) for text in texts if text.startswith("{")]
    expected = [
        ("INFO", "line 1 { amount: 7 }"),
        ("INFO", "in the step"),
        ("WARN", "line 2"),
        ("ERROR", "line 3"),
        ("INFO", "in the child"),
        ("INFO", "in the child"),
        ("INFO", "in the child, later"),
        ("DEBUG", "for debugging"),
    ]
    assert in_order(documents, expected) == expected
    assert all(one["executionArn"] == outcomes.arns["logger"] and one["requestId"] for one in documents)
    assert sum("printed by logger" in text for text in texts) == 3
    assert sum("own info own line" in text for text in texts) == 1


def test_logger_that_is_not_aware_of_replays_repeats(system, outcomes):
    assert "logger-not-aware" in outcomes.arns
    assert sum("each time" in text for text in logged(system, "logger-not-aware")) == 2


def test_synchronous_invocation_waits_for_the_end(system):
    payload = {"case": "wait-named", "name": "sync"}
    answer = system.client.invoke(FunctionName="JsCases:live", Payload=json.dumps(payload).encode())
    assert json.load(answer["Payload"]) == "rested"
    payload = {"case": "handler-error", "name": "sync-error"}
    failed = system.client.invoke(FunctionName="JsCases:live", Payload=json.dumps(payload).encode())
    assert failed["FunctionError"] == "Unhandled"
    assert json.load(failed["Payload"])["errorMessage"] == "ü: the handler failed"


def test_typescript_bundled_by_esbuild(tmp_path, transcripts):
    lines = [{"item": "nut", "pieces": 2}, {"item": "bolt", "pieces": 3}]
    case = Case("typescript", "TsTyped", "typed", input={"lines": lines}, any_order=True)
    with up("node/typescript", tmp_path) as system:
        transcripts.check(case.name, run_all(system, [case]).transcript(case))
