"""An expense that a manager approves, with a reminder after two days.

The handler is replayed from the top each time it goes on. What is recorded (steps, callbacks) is not done again.
"""

import json
import uuid

from aws_durable_execution_sdk_python import (
    CallbackTimeoutError,
    durable_execution,
    durable_step,
    durable_wait_for_callback,
)
from aws_durable_execution_sdk_python.config import Duration, WaitForCallbackConfig

# Who is asked, under which name, and how long the answer may take.
REQUESTS = [
    ("ask-manager", Duration.from_days(2)),
    ("remind-manager", Duration.from_days(5)),
]


@durable_execution
def handler(event, context):
    reference = context.step(new_reference())
    decision = ask(event, reference, context)
    if decision["approved"]:
        payment = context.step(pay(reference, event["amount"]))
        return {"status": "PAID", "reference": reference, "payment": payment}
    reason = decision.get("reason", "the manager declined")
    context.step(tell_employee(event["employee"], reason))
    return {"status": "DECLINED", "reference": reference, "reason": reason}


def ask(event, reference, context):
    """The manager's answer. Each request has a callback of its own, and nothing runs until it is answered."""
    for name, timeout in REQUESTS:
        try:
            answer = context.wait_for_callback(
                notify_manager(reference, event),
                name=name,
                config=WaitForCallbackConfig(timeout=timeout),
            )
        except CallbackTimeoutError:
            continue
        return json.loads(answer)
    return {"approved": False, "reason": "nobody answered within a week"}


@durable_step
def new_reference(step):
    # Chance belongs into a step: a replay gets the recorded reference, not another one.
    return f"EXP-{uuid.uuid4().hex[:8].upper()}"


@durable_wait_for_callback
def notify_manager(callback_id, context, reference, event):
    # Send an e-mail or a chat message here. Its buttons complete the callback, by
    # SendDurableExecutionCallbackSuccess with {"approved": true} or {"approved": false, "reason": "..."}.
    context.logger.info(f"{reference}: {event['employee']} asks for {event['amount']}, callback {callback_id}")


@durable_step
def pay(step, reference, amount):
    # This may run twice if the process dies before its result is recorded, so the payment is known by
    # its reference: whoever pays has to take a second request for the same one as the first.
    step.logger.info(f"paying {amount} for {reference}")
    return f"payment-{reference}"


@durable_step
def tell_employee(step, employee, reason):
    step.logger.info(f"dear {employee}, your expense was declined: {reason}")
