"""Waiting for a condition."""

from aws_durable_execution_sdk_python import WaitForConditionError
from aws_durable_execution_sdk_python.config import Duration, JitterStrategy
from aws_durable_execution_sdk_python.serdes import JsonSerDes
from aws_durable_execution_sdk_python.waits import (
    WaitForConditionConfig,
    WaitForConditionDecision,
    WaitStrategyConfig,
    create_wait_strategy,
)
from registry import Hiccup, case, record, told

SECOND = Duration.from_seconds(1)


def strategy(wanted, max_attempts=60):
    return create_wait_strategy(
        WaitStrategyConfig(
            should_continue_polling=lambda state: state["polls"] < wanted,
            max_attempts=max_attempts,
            initial_delay=SECOND,
            max_delay=Duration(2),
            backoff_rate=1.0,
            jitter_strategy=JitterStrategy.NONE,
        )
    )


def poll(event):
    def check(state, context):
        record(event, f"poll {context.attempt} of {state['polls']}")
        return {"polls": state["polls"] + 1}

    return check


@case("condition")
def condition(event, ctx):
    config = WaitForConditionConfig(strategy(event["wanted"], event["attempts"]), {"polls": 0})
    try:
        return ctx.wait_for_condition(poll(event), config, "condition")
    except WaitForConditionError as error:
        return told(error)


@case("condition-own-strategy")
def own_strategy(event, ctx):
    def decide(state, attempt):
        if attempt == 3:
            return WaitForConditionDecision.stop_polling()
        return WaitForConditionDecision.continue_waiting(Duration(attempt))

    config = WaitForConditionConfig(decide, {"polls": 0}, JsonSerDes())
    return ctx.wait_for_condition(poll(event), config)


@case("condition-check-fails")
def check_fails(event, ctx):
    def check(state, context):
        record(event, f"poll {context.attempt}")
        raise Hiccup("cannot look")

    try:
        ctx.wait_for_condition(check, WaitForConditionConfig(strategy(1), {"polls": 0}), "look")
    except WaitForConditionError as error:
        return told(error)


@case("condition-uncaught")
def uncaught(event, ctx):
    return ctx.wait_for_condition(poll(event), WaitForConditionConfig(strategy(9, 1), {"polls": 0}), "never")
