"""What a function does for each requirement of AWS's OpenTelemetry suite, by the name in the requirement's input."""

import os
import time

import boto3
from aws_durable_execution_sdk_python.config import (
    ChildConfig,
    Duration,
    MapConfig,
    ParallelBranch,
    ParallelConfig,
    StepConfig,
)
from aws_durable_execution_sdk_python.exceptions import StepError
from aws_durable_execution_sdk_python.retries import RetryDecision, RetryPresets
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig, WaitForConditionDecision

SCENARIOS = {}
ONE_SECOND = Duration.from_seconds(1)
ONCE = StepConfig(retry_strategy=RetryPresets.none())
# Longest time that an invoked execution watches its invoker.
PATIENCE_SECONDS = 40


def scenario(name):
    def register(run):
        SCENARIOS[name] = run
        return run

    return register


def refuse(*_):
    raise ValueError("refused, as the requirement wants it")


def delay(event):
    return Duration.from_seconds(int(event["delay_seconds"]))


@scenario("success")
def success(_event, context):
    return context.step(lambda _: "done", "otel-success")


@scenario("wait-resume")
def wait_resume(_event, context):
    context.wait(ONE_SECOND, "otel-wait")
    return context.step(lambda _: "resumed", "otel-after-resume")


@scenario("long-wait")
def long_wait(event, context):
    context.wait(delay(event), "otel-long-wait")
    return context.step(lambda _: "resumed", "otel-after-long-wait")


@scenario("wait-interrupted")
def wait_interrupted(_event, context):
    # The execution has less time than that.
    context.wait(Duration.from_minutes(5), "otel-interrupted-wait")


def fails_once(context, name, pause):
    def second_time_lucky(step):
        if step.attempt == 1:
            refuse()
        return step.attempt

    again = lambda _error, attempts: RetryDecision.retry(pause) if attempts == 1 else RetryDecision.no_retry()
    return context.step(second_time_lucky, name, StepConfig(retry_strategy=again))


@scenario("retry")
def retry(_event, context):
    return fails_once(context, "otel-retry", ONE_SECOND)


@scenario("long-retry")
def long_retry(event, context):
    return fails_once(context, "otel-long-retry", delay(event))


@scenario("terminal-failure")
def terminal_failure(_event, context):
    context.step(refuse, "otel-terminal-failure", ONCE)


@scenario("handled-failure")
def handled_failure(_event, context):
    try:
        context.step(refuse, "otel-handled-failure", ONCE)
    except StepError:
        return context.step(lambda _: "recovered", "otel-recovery-step")
    raise AssertionError("the step succeeded")


@scenario("execution-failure")
def execution_failure(_event, _context):
    refuse()


@scenario("child-context")
def child_context(_event, context):
    inner = lambda child: child.step(lambda _: "inside", "otel-child-step")
    return context.run_in_child_context(inner, "otel-child-context")


@scenario("child-context-failure")
def child_context_failure(_event, context):
    context.run_in_child_context(refuse, "otel-failed-child-context")


@scenario("virtual-context")
def virtual_context(_event, context):
    unrecorded = ChildConfig(is_virtual=True)
    return context.run_in_child_context(lambda _: "virtual-complete", "otel-virtual-context", unrecorded)


@scenario("parallel-hierarchy")
def parallel_hierarchy(_event, context):
    def branch(letter):
        step = lambda branch: branch.step(lambda _: letter, f"otel-parallel-step-{letter}")
        return ParallelBranch(step, name=f"otel-parallel-branch-{letter}")

    one_at_a_time = ParallelConfig(max_concurrency=1)
    return context.parallel([branch("a"), branch("b")], "otel-parallel", one_at_a_time).get_results()


@scenario("parallel-failure")
def parallel_failure(_event, context):
    branches = [ParallelBranch(refuse, name="otel-failed-parallel-branch")]
    context.parallel(branches, "otel-failed-parallel").throw_if_error()


@scenario("map-hierarchy")
def map_hierarchy(_event, context):
    def step(item, number, index, _items):
        return item.step(lambda _: number, f"otel-map-step-{index}")

    named = MapConfig(max_concurrency=1, item_namer=lambda _, index: f"otel-map-iteration-{index}")
    return context.map([10, 20], step, "otel-map", named).get_results()


@scenario("map-failure")
def map_failure(_event, context):
    named = MapConfig(item_namer=lambda _, index: f"otel-failed-map-iteration-{index}")
    context.map([10], refuse, "otel-failed-map", named).throw_if_error()


@scenario("wait-for-condition")
def wait_for_condition(_event, context):
    def strategy(count, _attempts):
        if count < 2:
            return WaitForConditionDecision.continue_waiting(ONE_SECOND)
        return WaitForConditionDecision.stop_polling()

    polling = WaitForConditionConfig(wait_strategy=strategy, initial_state=0)
    return context.wait_for_condition(lambda count, _: count + 1, polling, "otel-condition")


@scenario("wait-for-condition-failure")
def wait_for_condition_failure(_event, context):
    never = WaitForConditionConfig(wait_strategy=refuse, initial_state=0)
    context.wait_for_condition(refuse, never, "otel-failed-condition")


def awaits_callback(context, name):
    return context.wait_for_callback(lambda _id, _context: None, name)


@scenario("wait-for-callback")
def wait_for_callback(_event, context):
    return awaits_callback(context, "otel-callback")


@scenario("wait-for-callback-failure")
def wait_for_callback_failure(_event, context):
    return awaits_callback(context, "otel-failed-callback")


@scenario("long-callback")
def long_callback(_event, context):
    return awaits_callback(context, "otel-long-callback")


def invoke_this_function(context, name, scenario, **more):
    invoker = context.execution_context.durable_execution_arn
    function = f"{os.environ['AWS_LAMBDA_FUNCTION_NAME']}:$LATEST"
    return context.invoke(function, {"scenario": scenario, "invoker": invoker, **more}, name)


@scenario("chained-invoke")
def chained_invoke(_event, context):
    return invoke_this_function(context, "otel-invoke", "invoked")


@scenario("chained-invoke-failure")
def chained_invoke_failure(_event, context):
    return invoke_this_function(context, "otel-failed-invoke", "invoked-failure")


@scenario("long-chained-invoke")
def long_chained_invoke(event, context):
    seconds = event["delay_seconds"]
    return invoke_this_function(context, "otel-long-invoke", "invoked-for-long", delay_seconds=seconds)


def until_suspended(arn):
    """The requirement has the invoker's suspension before the end of what it invoked; without looking, either may come
    first."""
    client = boto3.client("lambda")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        events = client.get_durable_execution_history(DurableExecutionArn=arn)["Events"]
        seen = [event["EventType"] for event in events]
        if "InvocationCompleted" in seen:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited for the suspension of {arn}; its history is {seen}")
        time.sleep(0.05)


@scenario("invoked")
def invoked(event, _context):
    until_suspended(event["invoker"])
    return "invoked"


@scenario("invoked-failure")
def invoked_failure(event, _context):
    until_suspended(event["invoker"])
    refuse()


@scenario("invoked-for-long")
def invoked_for_long(event, context):
    context.wait(delay(event), "otel-long-invoke-target-wait")
    return "invoked"
