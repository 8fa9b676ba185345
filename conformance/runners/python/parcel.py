"""A parcel on its way: an operation of each kind, for AWS's cloud test runner to look at."""

from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import Duration, StepConfig
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy

SECOND = Duration.from_seconds(1)
TWICE = StepConfig(retry_strategy=create_retry_strategy(RetryStrategyConfig(max_attempts=2, initial_delay=SECOND)))
NEVER_AGAIN = StepConfig(retry_strategy=create_retry_strategy(RetryStrategyConfig(max_attempts=1)))


class Lost(Exception):
    pass


@durable_execution
def handler(event, ctx):
    match event["do"]:
        case "send":
            return send(event["items"], ctx)
        case "sign":
            return sign(ctx)
        case "lose":
            return ctx.step(lose, "carry", NEVER_AGAIN)
        case "drop":
            return ctx.step(drop_once, "carry", TWICE)
    raise ValueError(event["do"])


def send(items, ctx):
    label = ctx.step(lambda _: f"{len(items)} items", "label")
    price = ctx.invoke("Postage", {"items": items}, "postage")
    weighed = ctx.map(items, lambda c, item, index, _: c.step(lambda _: len(item), f"weigh {item}"), "weigh")
    checks = ctx.parallel([lambda c: "address", lambda c: "customs"], "checks")
    packed = ctx.run_in_child_context(lambda c: c.step(lambda _: "box", "choose"), "pack")
    ctx.wait(SECOND, "transport")
    return {
        "label": label,
        "price": price["price"],
        "weights": weighed.get_results(),
        "checks": checks.get_results(),
        "packed": packed,
    }


def sign(ctx):
    answer = ctx.wait_for_callback(lambda callback_id, _: None, "signature")
    return f"signed by {answer}"


def lose(_):
    raise Lost("nobody knows where it is")


def drop_once(step):
    if step.attempt == 1:
        raise Lost("dropped")
    return "carried"


@durable_execution
def late(event, ctx):
    ctx.wait(Duration.from_seconds(60), "queue")


def postage(event, context):
    return {"price": 3 * len(event["items"])}
