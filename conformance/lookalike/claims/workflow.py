"""Decides on a claim: looks at the evidence, asks the adjuster above a limit, asks the carrier, and pays."""

import json
import os

import boto3
from aws_durable_execution_sdk_python import (
    BatchResult,
    CallbackTimeoutError,
    DurableContext,
    StepContext,
    durable_execution,
    durable_step,
)
from aws_durable_execution_sdk_python.config import Duration, ParallelConfig, StepConfig, WaitForCallbackConfig
from aws_durable_execution_sdk_python.retries import RetryPresets
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from ledger import note

logger = Logger()
tracer = Tracer()
metrics = Metrics()

# Claims up to this value are settled without a person.
SMALL_CLAIM = 50
# What nobody believes.
ABSURD_CLAIM = 10_000


@durable_step
def check(step: StepContext, claim):
    step.logger.info("checking the claim")
    note(claim["claim_id"], "checking")
    if claim["value"] <= 0:
        raise ValueError("a claim needs a value")
    return {"weight": len(claim["items"]), "plausible": claim["value"] < ABSURD_CLAIM}


def evidence(claim, source):
    """A branch that asks one source."""

    def branch(context: DurableContext):
        def ask(step: StepContext):
            with tracer.provider.in_subsegment(f"## {source}"):
                step.logger.info("evidence from %s", source)
                return {"source": source, "weight": len(source)}

        return context.step(ask, f"ask {source}")

    return branch


@tracer.capture_method
def settle(claim, amount):
    metrics.add_metric(name="Paid", unit=MetricUnit.Count, value=1)
    metrics.add_metric(name="Amount", unit=MetricUnit.Count, value=amount)
    note(claim["claim_id"], "paid", amount=amount)
    return {"status": "paid", "amount": amount}


@durable_execution
@metrics.log_metrics
def handler(claim, context: DurableContext):
    context.set_logger(logger)
    logger.set_correlation_id(claim["claim_id"])
    claim_id = claim["claim_id"]
    context.logger.info("claim opened")
    checked = context.step(check(claim), config=StepConfig(retry_strategy=RetryPresets.none()))
    if not checked["plausible"]:
        context.logger.warning("claim refused")
        context.step(lambda step: note(claim_id, "refused"), "refuse")
        return {"status": "refused"}

    sources = ("photos", "tracking", "weight")
    found: BatchResult = context.parallel(
        [evidence(claim, source) for source in sources], "evidence", ParallelConfig(max_concurrency=2)
    )
    score = context.step(lambda step: sum(one["weight"] for one in found.get_results()), "score")

    if claim["value"] > SMALL_CLAIM:

        def ask_adjuster(callback_id, _):
            note(claim_id, "deciding", callback_id=callback_id, score=score)

        config = WaitForCallbackConfig(timeout=Duration(claim.get("patience", 600)))
        try:
            decision = json.loads(context.wait_for_callback(ask_adjuster, "adjuster", config))
        except CallbackTimeoutError:
            context.step(lambda step: note(claim_id, "expired"), "expire")
            return {"status": "expired"}
        context.logger.info("adjuster decided", extra={"granted": decision["granted"]})
        if not decision["granted"]:
            context.step(lambda step: note(claim_id, "denied"), "deny")
            return {"status": "denied"}

    def ask_carrier(callback_id, _):
        boto3.client("lambda").invoke(
            FunctionName=os.environ["CARRIER_FUNCTION"],
            InvocationType="Event",
            Payload=json.dumps({"claim_id": claim_id, "callback_id": callback_id, "items": claim["items"]}).encode(),
        )

    carrier = json.loads(context.wait_for_callback(ask_carrier, "carrier"))
    context.logger.info("carrier answered")
    if carrier["delivered"]:
        context.step(lambda step: note(claim_id, "delivered"), "close")
        return {"status": "delivered"}
    return context.step(lambda step: settle(claim, claim["value"]), "settle")
