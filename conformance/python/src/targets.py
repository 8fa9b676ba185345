"""What is invoked by the cases: durable and plain."""

from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import Duration
from registry import record


@durable_execution
def child(event, context):
    match event.get("do"):
        case "echo":
            return event["text"]
        case "fail":
            raise ValueError("child failed")
        case "rest":
            context.wait(Duration.from_seconds(event["seconds"]), "rest")
            return "rested"
        case "nothing":
            return None
    record(event, "child ran")
    context.wait(Duration.from_seconds(1), "pause")
    return {"child": context.step(lambda step: event.get("n", 0) + 1, "increment")}


def plain(event, context):
    if not isinstance(event, dict):
        return event
    match event.get("do"):
        case "echo":
            return event["text"]
        case "fail":
            raise LookupError("plain failed")
        case "exit":
            import os

            os._exit(3)
        case "tenant":
            return context.tenant_id
        case "nothing":
            return None
    return {"plain": event.get("n", 0) + 1}
