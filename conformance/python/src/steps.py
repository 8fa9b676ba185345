"""Steps and waits."""

import re
import uuid
from datetime import date, datetime, timezone
from decimal import Decimal

from aws_durable_execution_sdk_python import StepContext, StepError, ValidationError, durable_step
from aws_durable_execution_sdk_python.config import Duration, JitterStrategy, StepConfig, StepSemantics
from aws_durable_execution_sdk_python.exceptions import RetryableSerDesError, SerDesError
from aws_durable_execution_sdk_python.retries import (
    LinearRetryStrategyConfig,
    RetryDecision,
    RetryPresets,
    RetryStrategyConfig,
    create_linear_retry_strategy,
    create_retry_strategy,
)
from aws_durable_execution_sdk_python.serdes import JsonSerDes, PassThroughSerDes, SerDes
from registry import Hiccup, case, crash_once, first_time, record, told

SECOND = Duration.from_seconds(1)
ONCE = StepConfig(retry_strategy=RetryPresets.none())
QUICK = StepConfig(retry_strategy=RetryPresets.fixed(SECOND))


@durable_step
def add(step: StepContext, event, a, b):
    record(event, f"add {a} {b}")
    return a + b


@case("step-names")
def names(event, ctx):
    def named(step):
        record(event, "named")
        return "n"

    results = [
        ctx.step(add(event, 1, 2)),
        ctx.step(add(event, 3, 4), name="another name"),
        ctx.step(lambda step: record(event, "no name")),
        ctx.step(named, name="named"),
        ctx.step(named, "labelled", StepConfig(sub_type="Ledger-Entry_1")),
    ]
    ctx.wait(SECOND)
    return results


PRESETS = {
    "default": RetryPresets.default,
    "transient": RetryPresets.transient,
    "resource_availability": RetryPresets.resource_availability,
    "critical": RetryPresets.critical,
    "linear": RetryPresets.linear,
    "fixed": lambda: RetryPresets.fixed(Duration(2)),
    "none": RetryPresets.none,
    "unset": lambda: None,
    "exponential": lambda: create_retry_strategy(
        RetryStrategyConfig(
            max_attempts=3,
            initial_delay=SECOND,
            max_delay=Duration.from_minutes(1),
            backoff_rate=2.0,
            jitter_strategy=JitterStrategy.NONE,
        )
    ),
    "capped": lambda: create_retry_strategy(
        RetryStrategyConfig(initial_delay=Duration(60), max_delay=SECOND, jitter_strategy=JitterStrategy.HALF)
    ),
    "linear_config": lambda: create_linear_retry_strategy(
        LinearRetryStrategyConfig(
            max_attempts=3, initial_delay=SECOND, increment=SECOND, jitter_strategy=JitterStrategy.NONE
        )
    ),
}


@case("step-preset")
def preset(event, ctx):
    def flaky(step):
        record(event, f"attempt {step.attempt}")
        if step.attempt <= event.get("failures", 1):
            raise Hiccup(f"attempt {step.attempt}")
        return step.attempt

    strategy = PRESETS[event["preset"]]()
    try:
        return ctx.step(flaky, "flaky", StepConfig(retry_strategy=strategy))
    except StepError as error:
        return told(error)


@case("step-filter")
def filtered(event, ctx):
    """Only what the filter names is tried again."""
    strategies = {
        "text": RetryStrategyConfig(max_attempts=2, initial_delay=SECOND, retryable_errors=["busy"]),
        "pattern": RetryStrategyConfig(max_attempts=2, initial_delay=SECOND, retryable_errors=[re.compile("^db .* busy$")]),
        "type": RetryStrategyConfig(max_attempts=2, initial_delay=SECOND, retryable_error_types=[Hiccup]),
        "other text": RetryStrategyConfig(max_attempts=2, initial_delay=SECOND, retryable_errors=["gone"]),
        "other type": RetryStrategyConfig(max_attempts=2, initial_delay=SECOND, retryable_error_types=[KeyError]),
    }
    outcome = {}
    for name, config in strategies.items():
        config.jitter_strategy = JitterStrategy.NONE

        def flaky(step):
            record(event, f"{name} {step.attempt}")
            if step.attempt == 1:
                raise Hiccup("db 7 busy")
            return "done"

        try:
            outcome[name] = ctx.step(flaky, name, StepConfig(create_retry_strategy(config)))
        except StepError as error:
            outcome[name] = error.message
    return outcome


@case("step-strategy")
def strategy(event, ctx):
    """A strategy of one's own sees the error and the attempt."""

    def decide(error, attempt):
        record(event, f"asked about {error} after {attempt}")
        return RetryDecision.retry(Duration(attempt)) if attempt < 3 else RetryDecision.no_retry()

    def fails(step):
        raise KeyError(f"k{step.attempt}")

    try:
        ctx.step(fails, "fails", StepConfig(decide))
    except StepError as error:
        return told(error)


@case("step-exhausted")
def exhausted(event, ctx):
    def fails(step):
        record(event, f"attempt {step.attempt}")
        raise Hiccup(f"attempt {step.attempt} failed")

    strategy = create_retry_strategy(
        RetryStrategyConfig(max_attempts=3, initial_delay=SECOND, backoff_rate=1, jitter_strategy=JitterStrategy.NONE)
    )
    ctx.step(fails, "fails", StepConfig(strategy))


@case("step-caught")
def caught(event, ctx):
    """The error is the same live and replayed."""

    def fails(step):
        record(event, "fails")
        raise ValueError("no such account")

    seen = []
    try:
        ctx.step(fails, "fails", ONCE)
    except StepError as error:
        seen.append(told(error))
    ctx.wait(SECOND)
    seen.append(ctx.step(lambda step: "fallback", "fallback"))
    return seen


@case("step-reraised")
def reraised(event, ctx):
    def fails(step):
        raise ValueError("inner")

    try:
        ctx.step(fails, "fails", ONCE)
    except StepError as error:
        raise LookupError("outer") from error


@case("step-crash")
def crash(event, ctx):
    """At least once: an interrupted attempt runs again."""

    def fragile(step):
        record(event, f"attempt {step.attempt}")
        crash_once(event, ctx, "fragile")
        return "survived"

    ctx.step(lambda step: record(event, "before"), "before")
    return ctx.step(fragile, "fragile")


@case("step-once-crash")
def once_crash(event, ctx):
    """At most once: an interrupted attempt does not run again; the strategy decides."""

    def fragile(step):
        record(event, f"attempt {step.attempt}")
        crash_once(event, ctx, "fragile")
        return f"attempt {step.attempt}"

    config = StepConfig(
        retry_strategy=RetryPresets.fixed(SECOND) if event["retried"] else RetryPresets.none(),
        step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY,
    )
    try:
        return ctx.step(fragile, "fragile", config)
    except StepError as error:
        return told(error)


@case("step-once")
def once(event, ctx):
    config = StepConfig(step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY)
    first = ctx.step(lambda step: record(event, "first") or "f", "first", config)
    ctx.wait(SECOND)
    return [first, ctx.step(lambda step: "s", "second", config)]


@case("step-types")
def types(event, ctx):
    """The SDK's own types come back as they went, live and replayed."""
    made = [
        None,
        True,
        1.5,
        "ü😀",
        b"\x00\xff",
        Decimal("0.10"),
        uuid.UUID(int=7),
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
        date(2026, 1, 2),
        (1, "two"),
        {"nested": [{"t": 1, "v": (2,)}]},
    ]
    same = [ctx.step(lambda step, value=value: value, f"value {n}") == value for n, value in enumerate(made)]
    ctx.wait(SECOND)
    return same


class Shout(SerDes):
    """Upper case on the wire, lower case here; the context says whose value it is."""

    def serialize(self, value, context):
        assert context.operation_id and context.durable_execution_arn
        return value.upper()

    def deserialize(self, data, context):
        assert context.operation_id and context.durable_execution_arn
        return data.lower()


@case("step-serdes")
def serdes(event, ctx):
    results = [
        ctx.step(lambda step: "quiet", "shout", StepConfig(serdes=Shout())),
        ctx.step(lambda step: {"plain": [1]}, "json", StepConfig(serdes=JsonSerDes())),
        ctx.step(lambda step: "as it is", "raw", StepConfig(serdes=PassThroughSerDes())),
    ]
    ctx.wait(SECOND)
    return results


class Broken(SerDes):
    def __init__(self, error):
        self.error = error

    def serialize(self, value, context):
        raise self.error

    def deserialize(self, data, context):
        raise self.error


@case("step-serdes-broken")
def serdes_broken(event, ctx):
    outcome = []
    for name, serdes in [("broken", Broken(SerDesError("cannot"))), ("default", None)]:
        try:
            ctx.step(lambda step: {1, 2}, name, StepConfig(RetryPresets.none(), serdes=serdes))
        except Exception as error:  # noqa: BLE001
            outcome.append([type(error).__name__, str(error)])
    return outcome


class Flaky(JsonSerDes):
    def __init__(self, event):
        self.event = event

    def serialize(self, value, context):
        if first_time(self.event, "serialize"):
            raise RetryableSerDesError("try again")
        return super().serialize(value, context)


@case("step-serdes-flaky")
def serdes_flaky(event, ctx):
    def kept(step):
        record(event, f"attempt {step.attempt}")
        return "kept"

    return ctx.step(kept, "kept", StepConfig(QUICK.retry_strategy, serdes=Flaky(event)))


@case("step-size")
def size(event, ctx):
    """A result may have 256 KiB; one byte more fails the execution."""
    return len(ctx.step(lambda step: "x" * (event["size"] - 2), "sized", ONCE))


@case("step-pages")
def pages(event, ctx):
    """More state than one invocation's input holds: the SDK reads on, page by page."""
    sizes = [len(ctx.step(lambda step: "x" * 200_000, f"page {n}")) for n in range(36)]
    ctx.wait(SECOND)
    return [sum(sizes), ctx.step(lambda step: record(event, "after"), "after")]


@case("step-many")
def many(event, ctx):
    total = sum(ctx.step(lambda step, n=n: n, f"s{n}") for n in range(300))
    ctx.wait(SECOND)
    return total


@case("step-bad-options")
def bad_options(event, ctx):
    try:
        StepConfig(sub_type="no spaces")
    except ValidationError as error:
        return str(error)


@case("wait-named")
def waits(event, ctx):
    ctx.wait(SECOND, name="one")
    record(event, "between")
    ctx.wait(Duration.from_seconds(2), "two")
    return "rested"


@case("wait-too-short")
def too_short(event, ctx):
    try:
        ctx.wait(Duration(0))
    except ValidationError as error:
        ctx.step(lambda step: None, "goes on")
        return str(error)


@case("wait-units")
def units(event, ctx):
    made = [Duration.from_minutes(1.5), Duration.from_hours(2), Duration.from_days(1), Duration.from_seconds(7.9)]
    ctx.wait(Duration.from_minutes(1 / 60))
    return [one.to_seconds() for one in made]


@case("wait-long")
def long(event, ctx):
    ctx.wait(Duration.from_days(300), name="most of a year")
