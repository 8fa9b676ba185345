"""Work that takes months."""

import json
import time

from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration, StepConfig
from aws_durable_execution_sdk_python.exceptions import CallbackError
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy

MONTH = Duration.from_days(30)
NEXT_DAY = StepConfig(
    retry_strategy=create_retry_strategy(
        RetryStrategyConfig(max_attempts=2, initial_delay=Duration.from_days(1), max_delay=Duration.from_days(1))
    )
)


@durable_execution
def handler(event, ctx):
    match event["do"]:
        case "branches":
            return branches(ctx)
        case "subscribe":
            return subscribe(ctx)
        case "approve":
            return approve(ctx)
    raise ValueError(event["do"])


def branches(ctx):
    """Three branches, which wake in the order of their times."""

    def short(c):
        return c.step(lambda _: time.sleep(0.3), "short")

    def later(name, seconds):
        def branch(c):
            c.wait(Duration.from_seconds(seconds), f"wait {name}")
            return c.step(lambda _: None, name)

        return branch

    ctx.parallel([later("hours", 7200), short, later("minute", 60)], "three")


def subscribe(ctx):
    """A charge each month, until somebody cancels or the year is over."""
    for month in range(1, 13):

        def charge(step, month=month):
            if month == 3 and step.attempt == 1:
                raise ConnectionError("the bank is closed")

        ctx.step(charge, f"charge {month}", NEXT_DAY)
        cancelled = ctx.create_callback(f"cancel {month}", CallbackConfig(timeout=MONTH))
        try:
            return {"charged": month, "why": json.loads(cancelled.result())}
        except CallbackError:
            continue
    return {"charged": 12, "why": None}


def approve(ctx):
    """A score from a function that is elsewhere, a check that fails, a manager who takes his time."""
    score = ctx.invoke("CreditBureau", {"name": "Ada"}, "bureau")
    try:
        ctx.wait_for_callback(lambda callback_id, _: None, "fraud check")
        suspicion = None
    except Exception as error:
        suspicion = str(error)
    answer = ctx.wait_for_callback(lambda callback_id, _: None, "manager")
    return {"score": score["score"], "suspicion": suspicion, "answer": json.loads(answer)}
