"""Keeps what it was given in every kind of operation, and returns all of it."""

import os

from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import Duration


def branch(token, n):
    def run(context: DurableContext):
        held = context.step(lambda step: f"{token} {n}", f"hold {n}")
        return [held, context.create_callback(f"branch {n}").result()]

    return run


@durable_execution
def handler(event, context: DurableContext):
    token = event["token"]
    held = context.step(lambda step: token, "hold")
    first = context.wait_for_callback(lambda callback_id, _: None, "first")
    branches = context.parallel([branch(token, 0), branch(token, 1)], "branches").get_results()
    echoed = context.invoke(os.environ["ECHO_FUNCTION"], {"token": token}, "echo")
    context.wait(Duration.from_seconds(1), "rest")
    child = context.run_in_child_context(lambda inner: inner.step(lambda step: token, "inner"), "child")
    return {"held": held, "first": first, "branches": branches, "echoed": echoed, "child": child}


def echo(event, context):
    return event["token"]
