"""The approval with its days of waiting, which are over at once: the server's clock jumps while nothing is at work."""

from datetime import timedelta


def test_the_manager_approves_on_the_first_day(lambdura, event):
    lambdura.answers.callback("ask-manager", after="4h", succeed={"approved": True})

    execution = lambdura.start("{{NAME}}", event("expense"))

    result = execution.result()
    assert result["status"] == "PAID"
    assert result["payment"] == f"payment-{result['reference']}"
    assert timedelta(hours=4) <= execution.took < timedelta(hours=5)


def test_the_manager_is_reminded_after_two_days(lambdura, event):
    lambdura.answers.callback("ask-manager", never=True)
    lambdura.answers.callback("remind-manager", after="1d", succeed={"approved": True})

    execution = lambdura.start("{{NAME}}", event("expense"))

    assert execution.result()["status"] == "PAID"
    assert execution.operation("remind-manager").began_after >= timedelta(days=2)
    assert timedelta(days=3) <= execution.took < timedelta(days=3, hours=1)


def test_the_manager_declines(lambdura, event):
    lambdura.answers.callback("ask-manager", succeed={"approved": False, "reason": "take the bus"})

    result = lambdura.start("{{NAME}}", event("expense")).result()

    assert (result["status"], result["reason"]) == ("DECLINED", "take the bus")


def test_nobody_answers(lambdura, event):
    lambdura.answers.callback("*-manager", never=True)

    execution = lambdura.start("{{NAME}}", event("expense"))

    assert execution.result()["reason"] == "nobody answered within a week"
    assert execution.took >= timedelta(days=7)
