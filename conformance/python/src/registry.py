"""Cases by name, and the record of what ran."""

import os
import time

import boto3

CASES = {}


def case(name):
    """Registers a case: a function of the event and the durable context."""

    def register(function):
        assert name not in CASES, name
        CASES[name] = function
        return function

    return register


def record(event, what):
    """Notes a side effect outside of the execution; a short appended line is written whole."""
    key = event["name"] if isinstance(event, dict) else event
    with open(os.environ["RECORDS"], "a", encoding="utf-8") as records:
        records.write(f"{key}\t{what}\n")


def told(error):
    """An error as a case returns it."""
    cause = error.__cause__
    return {
        "class": type(error).__name__,
        "type": getattr(error, "error_type", None),
        "message": str(error),
        "data": getattr(error, "data", None),
        "cause": None if cause is None else [type(cause).__name__, getattr(cause, "error_type", None), str(cause)],
    }


class Hiccup(Exception):
    """Fails an attempt."""


def first_time(event, marker):
    """Whether this was not asked before by this execution."""
    try:
        os.close(os.open(f"{os.environ['RECORDS']}.{event['name']}.{marker}", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def crash_once(event, ctx, step):
    """Ends the process in the middle of a step, the first time only, and not before its start is recorded."""
    if not first_time(event, "crash"):
        return
    client = boto3.client("lambda")
    arn = ctx.execution_context.durable_execution_arn
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        events = client.get_durable_execution_history(DurableExecutionArn=arn)["Events"]
        if any(one["EventType"] == "StepStarted" and one.get("Name") == step for one in events):
            break
        time.sleep(0.05)
    os._exit(7)
