"""The carrier: knows what became of a parcel, and completes the callback it was given."""

import json

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger()
tracer = Tracer()
metrics = Metrics()


@tracer.capture_method
def look_up(items):
    return "found parcel" in items


@logger.inject_lambda_context(correlation_id_path="claim_id")
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event, context):
    delivered = look_up(event["items"])
    logger.info("looked up", extra={"delivered": delivered})
    metrics.add_metric(name="LookUps", unit=MetricUnit.Count, value=1)
    tracer.put_annotation(key="claim", value=event["claim_id"])
    boto3.client("lambda").send_durable_execution_callback_success(
        CallbackId=event["callback_id"], Result=json.dumps({"delivered": delivered}).encode()
    )
