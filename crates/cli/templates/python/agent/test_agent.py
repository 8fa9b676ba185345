"""The agent with its colleague, who answers by rule."""

from datetime import timedelta


def test_a_confirmed_refund_is_paid(lambdura, event):
    lambdura.answers.callback("confirm-refund", after="6h", succeed={"confirmed": True})

    execution = lambdura.start("{{NAME}}", event("broken-lamp"))

    answer = "Dear Ada, we have refunded 39 for order 1042."
    execution.succeeds_with({"status": "ANSWERED", "answer": answer, "turns": 3})
    assert timedelta(hours=6) <= execution.took < timedelta(hours=7)
    # The handler was replayed after the callback, and the model was asked once a turn all the same.
    assert all(execution.operation(f"model-{turn}").attempts == 1 for turn in (1, 2, 3))


def test_without_confirmation_nothing_is_paid(lambdura, event):
    lambdura.answers.callback("confirm-refund", succeed={"confirmed": False})

    execution = lambdura.start("{{NAME}}", event("broken-lamp"))

    assert "a colleague will call you" in execution.result()["answer"]
    assert not any(one.name == "refund-2" for one in execution.history())


def test_silence_is_a_no(lambdura, event):
    lambdura.answers.callback("confirm-refund", never=True)

    execution = lambdura.start("{{NAME}}", event("broken-lamp"))

    assert "a colleague will call you" in execution.result()["answer"]
    assert execution.took >= timedelta(days=3)


def test_the_agent_gives_up_after_eight_turns(lambdura, event):
    lambdura.start("{{NAME}}", event("unknown-order")).succeeds_with({"status": "GAVE_UP", "turns": 8})
