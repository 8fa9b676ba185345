"""A durable function with an instrumentation plugin and a client of its own."""

import boto3
from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import Duration
from aws_durable_execution_sdk_python.plugin import DurableInstrumentationPlugin
from registry import record


class Watcher(DurableInstrumentationPlugin):
    """Records what it is told."""

    def __init__(self, name):
        self.name = name

    def on_invocation_start(self, info):
        record(self.name, f"invocation starts, first: {info.is_first_invocation}")

    def on_invocation_end(self, info):
        record(self.name, f"invocation ends {info.status.value}")

    def on_operation_start(self, info):
        record(self.name, f"{info.operation_type.value} {info.name} starts")

    def on_operation_end(self, info):
        record(self.name, f"{info.operation_type.value} {info.name} ends {info.status.value}")


class Factory:
    """Makes a watcher for each invocation."""

    def create_plugin(self, info):
        return Watcher("plugin-watcher")


@durable_execution(boto3_client=boto3.client("lambda"), plugins=[Factory()])
def handler(event, context):
    context.step(lambda step: None, "first")
    context.wait(Duration.from_seconds(1), "pause")
    return context.step(lambda step: "seen", "second")
