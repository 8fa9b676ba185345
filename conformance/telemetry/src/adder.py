"""Adds one in a step, and has the whole execution recorded in a log group."""

import os

from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python_telemetry_exporter import (
    DurableExecutionTelemetryConfig,
    durable_execution_telemetry,
)
from aws_durable_execution_sdk_python_telemetry_exporter.exporters import CloudWatchLogsExporter
from aws_durable_execution_sdk_python_telemetry_exporter.types import ContentConfig

telemetry = durable_execution_telemetry(
    DurableExecutionTelemetryConfig(
        exporters=[CloudWatchLogsExporter(os.environ["TELEMETRY_LOG_GROUP"])],
        emit_mode="on-complete",
        sampling_rate=1,
        operation_detail="top-level",
        content=ContentConfig(input=True, output=True),
    )
)


@durable_execution(plugins=[telemetry])
def handler(event, context):
    return context.step(lambda _: {"value": event["value"] + 1}, "increment")
