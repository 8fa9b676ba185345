"""Parallel branches and maps."""

import json

from aws_durable_execution_sdk_python import (
    BatchCompletionError,
    BatchResult,
    ChildContextError,
    CompletionOutcome,
    ParallelBranch,
    ValidationError,
    complete_batch,
    continue_batch,
    durable_parallel_branch,
)
from aws_durable_execution_sdk_python.config import (
    CompletionConfig,
    Duration,
    MapConfig,
    NestingType,
    ParallelConfig,
    StepConfig,
)
from aws_durable_execution_sdk_python.retries import RetryPresets
from aws_durable_execution_sdk_python.serdes import JsonSerDes, SerDes
from registry import Hiccup, case, record, told
from steps import Shout

SECOND = Duration.from_seconds(1)
ONCE = StepConfig(retry_strategy=RetryPresets.none())


def summary(batch):
    return {
        "reason": batch.completion_reason.value,
        "status": batch.status.value,
        "items": [[item.status.value, item.result] for item in batch.all],
        "counts": [batch.success_count, batch.failure_count, batch.started_count, batch.total_count],
        "errors": [error.message for error in batch.get_errors()],
    }


def outcome(event, spec):
    """A branch that does as its letter says: S succeeds, F fails, W waits, then succeeds."""

    def run(context):
        if spec == "W":
            context.wait(SECOND, "rest")

        def step(_):
            record(event, f"step {spec}")
            if spec == "F":
                raise Hiccup("as told")
            return spec

        return context.step(step, f"step {spec}", ONCE)

    return run


def custom(status):
    """Done as soon as two succeeded, lost as soon as two failed."""
    if status.success_count >= 2:
        return complete_batch()
    if status.failure_count >= 2:
        return complete_batch(CompletionOutcome.FAILED)
    assert len(status.items) == status.total_count
    return continue_batch()


COMPLETIONS = {
    "unset": lambda: CompletionConfig(),
    "min": lambda: CompletionConfig(min_successful=2),
    "count": lambda: CompletionConfig(tolerated_failure_count=1),
    "percentage": lambda: CompletionConfig(tolerated_failure_percentage=40),
    "all_completed": CompletionConfig.all_completed,
    "all_successful": CompletionConfig.all_successful,
    "first_successful": CompletionConfig.first_successful,
    "custom": lambda: CompletionConfig(should_complete=custom),
}


def options(event):
    return {
        "max_concurrency": event.get("max_concurrency"),
        "completion_config": COMPLETIONS[event.get("completion", "unset")](),
        "nesting_type": NestingType[event.get("nesting", "NESTED")],
    }


@case("parallel")
def parallel(event, ctx):
    branches = [outcome(event, spec) for spec in event["branches"]]
    batch = ctx.parallel(branches, "batch", ParallelConfig(**options(event)))
    ctx.wait(SECOND)
    return summary(batch)


@case("map")
def mapped(event, ctx):
    def item(context, spec, index, items):
        assert items[index] == spec
        return outcome(event, spec)(context)

    config = MapConfig(item_namer=(lambda spec, index: f"{spec}{index}") if event.get("named") else None, **options(event))
    batch = ctx.map(event["branches"], item, "batch", config)
    ctx.wait(SECOND)
    return summary(batch)


@durable_parallel_branch(name="decorated")
def decorated(context, value):
    return context.step(lambda step: value, "value")


@case("parallel-named")
def named(event, ctx):
    branches = [decorated(1), ParallelBranch(lambda c: c.step(lambda step: 2), name="explicit"), lambda c: 3]
    batch = ctx.parallel(branches, config=ParallelConfig(max_concurrency=1))
    return batch.get_results()


@case("parallel-throw")
def throw(event, ctx):
    batch = ctx.parallel([outcome(event, spec) for spec in "SF"], "batch", ParallelConfig(max_concurrency=1))
    try:
        batch.throw_if_error()
    except ChildContextError as error:
        return told(error)


@case("parallel-custom-throw")
def custom_throw(event, ctx):
    def lost(status):
        return complete_batch(CompletionOutcome.FAILED) if status.success_count else continue_batch()

    config = ParallelConfig(max_concurrency=1, completion_config=CompletionConfig(should_complete=lost))
    batch = ctx.parallel([outcome(event, spec) for spec in "SS"], "batch", config)
    ctx.wait(SECOND)
    try:
        batch.throw_if_error()
    except BatchCompletionError as error:
        return [str(error), summary(batch)]


@case("parallel-waits")
def waits(event, ctx):
    """Branches that suspend at different times, and one callback among them."""

    def branch(seconds):
        def run(context):
            context.wait(Duration(seconds), f"wait {seconds}")
            return context.step(lambda step: record(event, f"after {seconds}") or seconds, f"after {seconds}")

        return run

    def asks(context):
        return context.create_callback("question").result()

    return ctx.parallel([branch(1), branch(2), branch(3), asks], "batch").get_results()


@case("parallel-in-parallel")
def nested(event, ctx):
    def inner(label):
        def run(context):
            branches = [lambda c, n=n: c.step(lambda step: f"{label}{n}", f"leaf {label}{n}") for n in range(3)]
            return context.parallel(branches, f"inner {label}").get_results()

        return run

    batch = ctx.parallel([inner("a"), inner("b")], "outer")
    ctx.wait(SECOND)
    return batch.get_results()


@case("parallel-retry")
def retry(event, ctx):
    """A branch's retry does not hold up the others."""

    def flaky(context):
        def step(one):
            record(event, f"attempt {one.attempt}")
            if one.attempt < 3:
                raise Hiccup("again")
            return one.attempt

        return context.step(step, "flaky", StepConfig(RetryPresets.fixed(SECOND)))

    return ctx.parallel([flaky, outcome(event, "S")], "batch").get_results()


@case("parallel-large")
def large(event, ctx):
    """Results of more than 256 KiB together: the batch keeps a summary, and replays its branches."""

    def branch(n):
        def run(context):
            record(event, f"branch {n}")
            return context.step(lambda step: record(event, f"step {n}") or str(n) * 150_000, f"step {n}")

        return run

    config = ParallelConfig(
        max_concurrency=1,
        summary_generator=lambda batch: f"{batch.success_count} large",
        nesting_type=NestingType[event.get("nesting", "NESTED")],
    )
    batch = ctx.parallel([branch(n) for n in range(3)], "large", config)
    ctx.wait(SECOND)
    return [batch.completion_reason.value, [len(one) for one in batch.get_results()]]


@case("parallel-serdes")
def serdes(event, ctx):
    config = ParallelConfig(max_concurrency=1, item_serdes=Shout())
    batch = ctx.parallel([lambda c: "low", lambda c: "er"], "batch", config)
    ctx.wait(SECOND)
    return batch.get_results()


class Whole(SerDes):
    """A batch in a form of one's own."""

    def serialize(self, value, context):
        return "batch " + json.dumps(value.to_dict())

    def deserialize(self, data, context):
        return BatchResult.from_dict(json.loads(data.removeprefix("batch ")))


@case("map-serdes")
def map_serdes(event, ctx):
    def item(context, text, index, items):
        return context.step(lambda step: text, f"item {index}")

    config = MapConfig(max_concurrency=1, serdes=Whole(), item_serdes=Shout())
    batch = ctx.map(["low", "er"], item, "batch", config)
    ctx.wait(SECOND)
    return batch.get_results()


@case("parallel-invalid")
def invalid(event, ctx):
    messages = []
    for make in (
        lambda: ParallelConfig(max_concurrency=0),
        lambda: MapConfig(max_concurrency=-1),
        lambda: CompletionConfig(min_successful=0),
        lambda: CompletionConfig(tolerated_failure_count=-1),
        lambda: CompletionConfig(tolerated_failure_percentage=101),
        lambda: CompletionConfig(min_successful=1, should_complete=custom),
        lambda: ctx.parallel([], config=ParallelConfig(completion_config=CompletionConfig(min_successful=1))),
    ):
        try:
            make()
        except ValidationError as error:
            messages.append(str(error))
    return messages


@case("map-empty")
def empty(event, ctx):
    return [summary(ctx.map([], outcome, "none")), summary(ctx.parallel([], "none either"))]


@case("map-large")
def map_large(event, ctx):
    def item(context, n, index, items):
        return context.step(lambda step: record(event, f"item {n}") or str(n) * 150_000, f"item {n}")

    batch = ctx.map([1, 2, 3], item, "large", MapConfig(max_concurrency=1, item_serdes=JsonSerDes()))
    ctx.wait(SECOND)
    return [len(one) for one in batch.get_results()]


@case("map-wide")
def wide(event, ctx):
    """More items than run at once, each of which suspends."""

    def item(context, n, index, items):
        context.wait(SECOND, "rest")
        return context.step(lambda step: record(event, f"item {n}") or n * n, "square")

    batch = ctx.map(list(range(12)), item, "squares", MapConfig(max_concurrency=5))
    return sum(batch.get_results())
