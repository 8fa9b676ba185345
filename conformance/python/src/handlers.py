"""What a handler itself does: results, errors, logs, and code that changes between invocations."""

import logging
import os
import sys

from aws_durable_execution_sdk_python import ExecutionError, InvocationError
from aws_durable_execution_sdk_python.config import Duration, StepConfig
from aws_durable_execution_sdk_python.filesystem_serdes import (
    FileSystemPathEncoding,
    FileSystemSerDes,
    FileSystemSerDesConfig,
    FileSystemSerDesMode,
)
from aws_durable_execution_sdk_python.preview import PreviewConfig, PreviewField, PreviewMode, build_preview
from aws_durable_execution_sdk_python.types import DurableExecutionArn
from registry import Hiccup, case, crash_once, first_time, record

SECOND = Duration.from_seconds(1)


@case("handler-result")
def result(event, ctx):
    return event.get("value")


@case("handler-size")
def size(event, ctx):
    """A result of so many bytes, quotes included."""
    return "r" * (event["size"] - 2)


@case("handler-input")
def input_size(event, ctx):
    ctx.wait(SECOND)
    return len(event["text"])


@case("handler-error")
def error(event, ctx):
    ctx.step(lambda step: record(event, "before"), "before")
    raise Hiccup("ü: the handler failed")


@case("handler-not-json")
def not_json(event, ctx):
    return {"set": {1}}


@case("handler-invocation-error")
def invocation_error(event, ctx):
    """Fails the invocation, not the execution: the service invokes again."""
    ctx.step(lambda step: record(event, "step"), "step")
    if first_time(event, "invocation"):
        raise InvocationError("not today")
    return "tomorrow"


@case("handler-execution-error")
def execution_error(event, ctx):
    raise ExecutionError("for good")


@case("handler-crash")
def crash(event, ctx):
    """The process ends between two operations."""
    ctx.step(lambda step: record(event, "first"), "first")
    crash_once(event, ctx, "first")
    return ctx.step(lambda step: record(event, "second") or "both", "second")


@case("handler-exit")
def leaves(event, ctx):
    if first_time(event, "exit"):
        sys.exit(4)
    return "stayed"


@case("handler-identity")
def identity(event, ctx):
    arn = ctx.execution_context.durable_execution_arn
    parsed = DurableExecutionArn.from_arn(arn)
    return {
        "function": parsed.function_name,
        "execution": parsed.execution_name,
        "remaining": ctx.lambda_context.get_remaining_time_in_millis() > 0,
        "version": ctx.lambda_context.function_version == os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
    }


@case("handler-changes")
def changes(event, ctx):
    """The code is not the same at replay. The SDK lets the handler catch that."""
    if first_time(event, "before"):
        if event["change"] == "kind":
            ctx.wait(SECOND, "first")
        else:
            ctx.step(lambda step: None, "first")
            ctx.wait(SECOND)
        return "unreachable"
    try:
        ctx.step(lambda step: None, "first" if event["change"] == "kind" else "renamed")
    except Exception as error:
        if not event.get("caught"):
            raise
        return type(error).__name__


@case("logger")
def logger(event, ctx):
    """Each line once, however often the handler replays; print has no such care."""
    logging.getLogger().setLevel(logging.INFO)
    print("printed by", event["name"])
    ctx.logger.info("line %d", 1)
    ctx.step(lambda step: step.logger.info("in the step", extra={"amount": 7}), "logs")
    ctx.logger.warning("line 2")
    ctx.wait(SECOND)
    ctx.logger.info("line 3")

    def inside(child):
        child.logger.error("in the child")
        child.wait(SECOND)
        child.logger.info("in the child, later")

    ctx.run_in_child_context(inside, "child")
    ctx.set_logger(logging.getLogger("own"))
    ctx.logger.info("own line")
    ctx.logger.debug("not shown")
    try:
        raise Hiccup("shown")
    except Hiccup:
        ctx.logger.exception("with a trace")
    return "logged"


@case("handler-files")
def files(event, ctx):
    """Values in files, pointers in the record."""
    folder = f"{os.environ['RECORDS']}.files"
    os.makedirs(folder, exist_ok=True)
    preview = PreviewConfig(
        mode=PreviewMode.EXCLUDE_ALL, include=[PreviewField("id")], mask=[PreviewField("secret")], exclude=[]
    )
    configs = {
        "always": FileSystemSerDesConfig(),
        "overflow": FileSystemSerDesConfig(storage_mode=FileSystemSerDesMode.OVERFLOW),
        "hash": FileSystemSerDesConfig(path_encoding=FileSystemPathEncoding.HASH),
        "preview": FileSystemSerDesConfig(generate_preview=lambda value: build_preview(value, preview)),
    }
    value = {"id": 7, "secret": "s3", "rest": "r" * 400_000}
    got = [
        ctx.step(lambda step: value, name, StepConfig(serdes=FileSystemSerDes(folder, config))) == value
        for name, config in configs.items()
    ]
    ctx.wait(SECOND)
    return got
