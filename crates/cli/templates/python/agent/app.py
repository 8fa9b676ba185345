"""A support agent: a model decides, tools act, and a person confirms what costs money.

The handler is replayed from the top each time it goes on. Every decision of the model and every tool call is a step:
recorded, and neither made nor paid for again.
"""

import json

from aws_durable_execution_sdk_python import CallbackTimeoutError, durable_execution, durable_wait_for_callback
from aws_durable_execution_sdk_python.config import Duration, WaitForCallbackConfig
from model import decide
from tools import COSTLY, TOOLS

# A model can go in circles, and each turn costs.
TURNS_MAX = 8
CONFIRMATION = WaitForCallbackConfig(timeout=Duration.from_days(3))


@durable_execution
def handler(event, context):
    # Made of recorded results only, the conversation is the same in every replay.
    conversation = [{"role": "customer", **event}]
    for turn in range(1, TURNS_MAX + 1):
        decision = context.step(lambda _: decide(conversation), name=f"model-{turn}")
        if "answer" in decision:
            return {"status": "ANSWERED", "answer": decision["answer"], "turns": turn}
        result = use_tool(decision, turn, context)
        conversation.append({"role": "tool", "tool": decision["tool"], "result": result})
    return {"status": "GAVE_UP", "turns": TURNS_MAX}


def use_tool(decision, turn, context):
    tool, arguments = decision["tool"], decision["arguments"]
    if tool in COSTLY and not is_confirmed(tool, arguments, context):
        return {"declined": True}
    return context.step(lambda _: TOOLS[tool](**arguments), name=f"{tool}-{turn}")


def is_confirmed(tool, arguments, context):
    """Whether a person says yes. Silence is a no."""
    try:
        answer = context.wait_for_callback(
            ask_colleague(tool, arguments), name=f"confirm-{tool}", config=CONFIRMATION
        )
    except CallbackTimeoutError:
        return False
    return json.loads(answer)["confirmed"]


@durable_wait_for_callback
def ask_colleague(callback_id, context, tool, arguments):
    # Send a message here, whose buttons complete the callback by SendDurableExecutionCallbackSuccess.
    context.logger.info(f"may I {tool} {arguments}? callback {callback_id}")
