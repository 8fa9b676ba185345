"""The HTTP API: opens claims, shows them, and hands over the adjuster's decision."""

import json
import os
import uuid

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import BadRequestError, NotFoundError
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from ledger import find, note

logger = Logger()
tracer = Tracer()
metrics = Metrics()
app = APIGatewayHttpResolver()
functions = boto3.client("lambda")


@app.post("/claims")
@tracer.capture_method
def open_claim():
    body = app.current_event.json_body
    if "value" not in body:
        raise BadRequestError("a claim needs a value")
    claim = {"items": [], **body, "claim_id": f"claim-{uuid.uuid4().hex[:12]}"}
    note(claim["claim_id"], "open")
    functions.invoke(
        FunctionName=os.environ["CLAIM_FUNCTION"],
        InvocationType="Event",
        DurableExecutionName=claim["claim_id"],
        Payload=json.dumps(claim).encode(),
    )
    metrics.add_metric(name="Opened", unit=MetricUnit.Count, value=1)
    logger.info("opened", extra={"claim_id": claim["claim_id"]})
    return Response(202, "application/json", json.dumps({"claim_id": claim["claim_id"]}))


@app.get("/claims/<claim_id>")
@tracer.capture_method
def show_claim(claim_id):
    claim = find(claim_id)
    if claim is None:
        raise NotFoundError("no such claim")
    claim.pop("callback_id", None)
    return {name: int(value) if name in ("amount", "score") else value for name, value in claim.items()}


@app.post("/claims/<claim_id>/decision")
@tracer.capture_method
def decide(claim_id):
    claim = find(claim_id)
    if claim is None or "callback_id" not in claim:
        raise NotFoundError("nothing to decide")
    functions.send_durable_execution_callback_success(
        CallbackId=claim["callback_id"], Result=json.dumps(app.current_event.json_body).encode()
    )
    return {"claim_id": claim_id}


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@tracer.capture_lambda_handler
@metrics.log_metrics
def handler(event, context):
    return app.resolve(event, context)
