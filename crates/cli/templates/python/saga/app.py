"""A trip of three bookings, all or none.

The handler is replayed from the top each time it goes on. What is recorded is not done again, so that a process
that dies in the middle goes on with the next booking, or with the next cancellation.
"""

from aws_durable_execution_sdk_python import StepError, durable_execution, durable_step
from aws_durable_execution_sdk_python.config import Duration, StepConfig
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy

PARTS = ["flight", "hotel", "car"]


class SoldOut(Exception):
    """There is none left. To ask again would not help."""


# A company that cannot be reached is asked again, after longer and longer pauses.
BOOK = StepConfig(
    retry_strategy=create_retry_strategy(
        RetryStrategyConfig(max_attempts=4, retryable_error_types=[ConnectionError, TimeoutError])
    )
)
# A cancellation has to succeed some day: it has an hour between attempts, and many of them.
CANCEL = StepConfig(
    retry_strategy=create_retry_strategy(RetryStrategyConfig(max_attempts=50, max_delay=Duration.from_hours(1)))
)


@durable_execution
def handler(trip, context):
    bookings = {}
    try:
        for part in PARTS:
            bookings[part] = context.step(book(part, trip), name=f"book-{part}", config=BOOK)
    except StepError as error:
        # The last that was booked is cancelled first.
        for part, booking in reversed(bookings.items()):
            context.step(cancel(booking), name=f"cancel-{part}", config=CANCEL)
        return {"status": "CANCELLED", "reason": error.message, "cancelled": list(reversed(bookings))}
    return {"status": "BOOKED", "bookings": bookings}


@durable_step
def book(step, part, trip):
    # A step may run twice if the process dies before its result is recorded. The key is the same both
    # times, so that the company finds the booking that it has already.
    key = f"{part}-{trip['trip']}"
    if part == "car" and trip["destination"] == "Venice":
        raise SoldOut("there are no cars in Venice")
    step.logger.info(f"booked {key} for {trip['traveller']}")
    return key


@durable_step
def cancel(step, booking):
    # Cancelling what is cancelled already is not an error, for the same reason.
    step.logger.info(f"cancelled {booking}")
