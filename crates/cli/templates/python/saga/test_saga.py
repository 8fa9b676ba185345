"""The trip: all of it, or nothing."""


def steps(execution):
    """Names of the steps that succeeded, in their order."""
    return [event.name for event in execution.history() if event.type == "StepSucceeded"]


def test_all_three_are_booked(lambdura, event):
    execution = lambdura.start("{{NAME}}", event("trip"))

    execution.succeeds_with(
        {
            "status": "BOOKED",
            "bookings": {"flight": "flight-trip-1", "hotel": "hotel-trip-1", "car": "car-trip-1"},
        }
    )
    assert steps(execution) == ["book-flight", "book-hotel", "book-car"]


def test_without_a_car_the_others_are_cancelled_in_reverse_order(lambdura, event):
    execution = lambdura.start("{{NAME}}", event("no-cars"))

    execution.succeeds_with(
        {"status": "CANCELLED", "reason": "there are no cars in Venice", "cancelled": ["hotel", "flight"]}
    )
    assert steps(execution) == ["book-flight", "book-hotel", "cancel-hotel", "cancel-flight"]
    assert execution.operation("book-car").attempts == 1, "what is sold out is not asked for again"
