"""Runs the scenario that the input names, under AWS's OpenTelemetry plugin.

The plugin is chosen by `DURABLE_EXECUTION_PLUGINS` and takes OpenTelemetry's global provider. On AWS a layer makes that
one; here this file does, with the usual exporter and the usual variables.
"""

from aws_durable_execution_sdk_python import durable_execution
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from scenarios import SCENARIOS

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)


@durable_execution
def handler(event, context):
    return SCENARIOS[event["scenario"]](event, context)
