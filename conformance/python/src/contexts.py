"""Child contexts, and retries of whole blocks."""

from aws_durable_execution_sdk_python import (
    ChildContextError,
    StepError,
    WithRetryConfig,
    durable_with_child_context,
    with_retry,
)
from aws_durable_execution_sdk_python.config import ChildConfig, Duration, StepConfig
from aws_durable_execution_sdk_python.retries import RetryPresets
from registry import Hiccup, case, record, told
from steps import Shout

SECOND = Duration.from_seconds(1)
LARGE = 300 * 1024


@durable_with_child_context
def totals(child, event, n):
    first = child.step(lambda step: record(event, f"first {n}") or n, "first")
    child.wait(SECOND, "pause")
    return first + child.step(lambda step: record(event, f"second {n}") or 1, "second")


@case("child")
def child(event, ctx):
    return [
        ctx.run_in_child_context(totals(event, 1)),
        ctx.run_in_child_context(lambda inner: inner.step(lambda step: "x"), "named"),
        ctx.run_in_child_context(lambda inner: inner.step(lambda step: None), "labelled", ChildConfig(sub_type="Ledger")),
    ]


@case("child-nested")
def nested(event, ctx):
    def middle(one):
        return one.run_in_child_context(lambda two: two.step(lambda step: two.is_virtual, "leaf"), "inner")

    outer = ctx.run_in_child_context(middle, "outer")
    ctx.wait(SECOND)
    return outer


@case("child-fails")
def fails(event, ctx):
    def body(inner):
        record(event, "body")
        inner.step(lambda step: "kept", "kept")
        raise ValueError("broken inside")

    seen = []
    try:
        ctx.run_in_child_context(body, "broken")
    except ChildContextError as error:
        seen.append(told(error))
    ctx.wait(SECOND)
    try:
        ctx.run_in_child_context(lambda inner: inner.step(failing, "failing", StepConfig(RetryPresets.none())), "step")
    except ChildContextError as error:
        seen.append(told(error))
    return seen


def failing(step):
    raise Hiccup("in the step")


@case("child-uncaught")
def uncaught(event, ctx):
    def body(inner):
        inner.run_in_child_context(lambda deep: deep.step(failing, "failing", StepConfig(RetryPresets.none())), "deep")

    ctx.run_in_child_context(body, "outer")


@case("child-large")
def large(event, ctx):
    """Above 256 KiB only a summary is kept; a replay runs the body again over its recorded steps."""

    def body(inner):
        record(event, "body")
        parts = [inner.step(lambda step, n=n: record(event, f"part {n}") or str(n) * 100_000, f"part {n}") for n in range(3)]
        return "".join(parts)

    result = ctx.run_in_child_context(body, "large", ChildConfig(summary_generator=lambda value: f"{len(value)} characters"))
    ctx.wait(SECOND)
    assert result == "0" * 100_000 + "1" * 100_000 + "2" * 100_000
    plain = ctx.run_in_child_context(lambda inner: "y" * LARGE, "no summary")
    ctx.wait(SECOND)
    return [len(result), len(plain)]


@case("child-virtual")
def virtual(event, ctx):
    """Groups without a record of its own."""

    def body(inner):
        return inner.step(lambda step: record(event, "leaf") or "leaf", "leaf")

    found = ctx.run_in_child_context(body, "virtual", ChildConfig(is_virtual=True))
    ctx.wait(SECOND)
    return found


@case("child-serdes")
def serdes(event, ctx):
    found = ctx.run_in_child_context(lambda inner: inner.step(lambda step: "soft"), "shout", ChildConfig(serdes=Shout()))
    ctx.wait(SECOND)
    return found


@case("with_retry")
def retried(event, ctx):
    """A block of several operations is tried as a whole."""

    def block(inner, attempt):
        record(event, f"block {attempt}")
        inner.step(lambda step: attempt, f"try {attempt}")
        if attempt <= event["failures"]:
            raise Hiccup(f"attempt {attempt}")
        return attempt

    strategy = RetryPresets.fixed(SECOND) if event["failures"] < 5 else RetryPresets.none()
    config = WithRetryConfig(strategy, event["wrapped"], ChildConfig(sub_type="Block") if event["wrapped"] else None)
    try:
        return with_retry(ctx, block, config, event.get("label"))
    except (ChildContextError, Hiccup) as error:
        return told(error)


@case("child-step-error")
def step_error(event, ctx):
    """A failed step caught inside is no failure of its context."""

    def body(inner):
        try:
            inner.step(failing, "failing", StepConfig(RetryPresets.none()))
        except StepError as error:
            return error.message

    return ctx.run_in_child_context(body, "careful")
