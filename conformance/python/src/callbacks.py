"""Callbacks, answered by the suite."""

import boto3
from aws_durable_execution_sdk_python import (
    CallbackError,
    CallbackExternalError,
    CallbackSubmitterError,
    CallbackTimeoutError,
    durable_wait_for_callback,
)
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration, WaitForCallbackConfig
from aws_durable_execution_sdk_python.retries import RetryPresets
from aws_durable_execution_sdk_python.serdes import JsonSerDes
from registry import Hiccup, case, record, told

SECOND = Duration.from_seconds(1)
SHORT = {
    "none": {},
    "timeout": {"timeout": SECOND},
    "heartbeat": {"heartbeat_timeout": SECOND},
    "both": {"timeout": Duration(300), "heartbeat_timeout": Duration(3)},
}


@case("callback")
def callback(event, ctx):
    """Waits for an answer and tells what came."""
    handle = ctx.create_callback("answer", CallbackConfig(**SHORT[event.get("limits", "none")]))
    try:
        return {"answer": handle.result()}
    except CallbackError as error:
        return told(error)


@case("callback-uncaught")
def uncaught(event, ctx):
    return ctx.create_callback("answer").result()


@case("callback-serdes")
def serdes(event, ctx):
    handle = ctx.create_callback(config=CallbackConfig(serdes=JsonSerDes(), sub_type="Question"))
    return handle.result()["nested"]


@case("callback-early")
def early(event, ctx):
    """Answered while the handler still waits for something else."""
    handle = ctx.create_callback("answer")
    ctx.wait(Duration(15), "meanwhile")
    return handle.result()


@case("callback-two")
def two(event, ctx):
    """Two at once, answered the other way round."""
    first, second = ctx.create_callback("first"), ctx.create_callback("second")
    return [first.result(), second.result()]


@case("callback-ignored")
def ignored(event, ctx):
    """Nobody answers and nobody asks."""
    assert ctx.create_callback("ignored").callback_id
    return ctx.step(lambda step: "done", "done")


def answer(callback_id, text):
    boto3.client("lambda").send_durable_execution_callback_success(CallbackId=callback_id, Result=text.encode())


@case("wait_for_callback")
def wait_for_callback(event, ctx):
    def submit(callback_id, context):
        context.logger.info("submitting")
        record(event, "submit")

    config = WaitForCallbackConfig(**SHORT[event.get("limits", "none")])
    try:
        return {"answer": ctx.wait_for_callback(submit, "approval", config)}
    except (CallbackExternalError, CallbackTimeoutError) as error:
        return told(error)


@durable_wait_for_callback
def ask(callback_id, context, event, question):
    record(event, f"asks {question}")
    answer(callback_id, f"{question}!")


@case("wait_for_callback-decorated")
def decorated(event, ctx):
    """Answered before the submitter has ended; named after the function, and not at all."""
    named = ctx.wait_for_callback(ask(event, "ready"))
    unnamed = ctx.wait_for_callback(lambda callback_id, context: answer(callback_id, "nameless"))
    return [named, unnamed]


@case("wait_for_callback-serdes")
def wait_serdes(event, ctx):
    config = WaitForCallbackConfig(serdes=JsonSerDes(), sub_type="Signature")
    return ctx.wait_for_callback(lambda one, context: answer(one, '{"signed": true}'), "sign", config)


@case("wait_for_callback-submitter")
def submitter(event, ctx):
    """The submitter is a step: it is tried again, and may fail for good."""
    attempts = []

    def submit(callback_id, context):
        record(event, "submit")
        attempts.append(1)
        if event["fails"] == "always" or len([1 for _ in open_records(event)]) < 2:
            raise Hiccup("line is busy")
        answer(callback_id, "second try")

    strategy = RetryPresets.none() if event["fails"] == "always" else RetryPresets.fixed(SECOND)
    try:
        return ctx.wait_for_callback(submit, "call", WaitForCallbackConfig(retry_strategy=strategy))
    except CallbackSubmitterError as error:
        return told(error)


def open_records(event):
    import os

    with open(os.environ["RECORDS"], encoding="utf-8") as records:
        return [line for line in records if line.startswith(event["name"] + "\t")]
