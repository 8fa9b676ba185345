"""Functions that invoke functions."""

from aws_durable_execution_sdk_python import InvokeError
from aws_durable_execution_sdk_python.config import InvokeConfig
from registry import case, told
from steps import Shout


@case("invoke")
def invoke(event, ctx):
    """Invokes what the event names, with what it says."""
    config = InvokeConfig(tenant_id=event["tenant"]) if "tenant" in event else None
    try:
        return {"got": ctx.invoke(event["target"], event.get("payload", {}), "call", config)}
    except InvokeError as error:
        return told(error)


@case("invoke-uncaught")
def uncaught(event, ctx):
    return ctx.invoke(event["target"], event["payload"])


@case("invoke-serdes")
def serdes(event, ctx):
    """The text travels as it is: in upper case, which is not JSON to the function, so quotes come from here."""
    return ctx.invoke("PyPlain", '"quiet"', "call", InvokeConfig(serdes_payload=Shout(), serdes_result=Shout()))


@case("invoke-large")
def large(event, ctx):
    text = ctx.invoke("PyChild:live", {"do": "echo", "text": "x" * 700_000, "name": event["name"]}, "call")
    return len(text)


@case("invoke-too-large")
def too_large(event, ctx):
    return len(ctx.invoke("PyPlain", {"do": "echo", "text": "x" * 1_100_000}, "call"))


@case("invoke-chain")
def chain(event, ctx):
    """A durable function that invokes itself, one level down each time."""
    if event["depth"] == 0:
        return ["bottom"]
    inner = {**event, "depth": event["depth"] - 1, "case": "invoke-chain"}
    return [event["depth"], *ctx.invoke("PyCases:live", inner, f"depth {event['depth']}")]
