"""The monthly invoices: three at a time, and two may fail.

The handler is replayed from the top each time it goes on. Every item has steps of its own, so that an invoice that
was sent is not sent again while others are still on their way.
"""

from aws_durable_execution_sdk_python import durable_execution, durable_step
from aws_durable_execution_sdk_python.config import CompletionConfig, MapConfig, StepConfig
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy

FAILURES_TOLERATED = 2
INVOICES = MapConfig(
    # What the mail service bears at a time.
    max_concurrency=3,
    completion_config=CompletionConfig(tolerated_failure_count=FAILURES_TOLERATED),
    item_namer=lambda customer, index: customer["name"],
)
EURO_PER_HOUR = 80


class NoAddress(Exception):
    """The customer has no e-mail address. To try again would not help."""


class TooManyFailures(Exception):
    """Something is wrong that is not one customer's matter: the execution fails, and somebody has a look."""


# A mail service that cannot be reached is tried again; nothing else is.
SEND = StepConfig(
    retry_strategy=create_retry_strategy(
        RetryStrategyConfig(max_attempts=5, retryable_error_types=[ConnectionError, TimeoutError])
    )
)


@durable_execution
def handler(event, context):
    month, customers = event["month"], event["customers"]

    def invoice(item, customer, index, customers):
        text = item.step(write_invoice(month, customer))
        return item.step(send_invoice(customer, text), config=SEND)

    batch = context.map(customers, invoice, name="invoices", config=INVOICES)
    failed = [customers[item.index]["name"] for item in batch.failed()]
    if len(failed) > FAILURES_TOLERATED:
        raise TooManyFailures(f"no invoices for {', '.join(failed)}")
    return context.step(summarise(month, batch.get_results(), failed))


@durable_step
def write_invoice(step, month, customer):
    return f"{month}: {customer['name']} owes {customer['hours'] * EURO_PER_HOUR} euros"


@durable_step
def send_invoice(step, customer, text):
    if not customer["email"]:
        raise NoAddress(f"{customer['name']} has no e-mail address")
    # A step may run twice if the process dies before its result is recorded: give the mail service
    # a key, such as the month and the customer, by which it knows a mail again.
    step.logger.info(f"to {customer['email']}: {text}")
    return customer["hours"] * EURO_PER_HOUR


@durable_step
def summarise(step, month, amounts, failed):
    summary = {"month": month, "sent": len(amounts), "total": sum(amounts), "failed": failed}
    step.logger.info(f"summary: {summary}")
    return summary
