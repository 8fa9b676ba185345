"""The invoices: some may fail, too many may not."""


def test_one_that_fails_is_named_in_the_summary(lambdura, event):
    execution = lambdura.start("{{NAME}}", event("january"))

    execution.succeeds_with({"month": "2027-01", "sent": 5, "total": 6320, "failed": ["Alan"]})


def test_no_more_than_three_are_at_work_at_a_time(lambdura, event):
    execution = lambdura.start("{{NAME}}", event("january")).wait()

    names = {customer["name"] for customer in event("january")["customers"]}
    at_work, most = 0, 0
    for one in execution.history():
        if one.name in names:
            at_work += 1 if one.type == "ContextStarted" else -1
            most = max(most, at_work)
    assert 1 <= most <= 3


def test_too_many_failures_fail_the_execution(lambdura, event):
    execution = lambdura.start("{{NAME}}", event("no-addresses"))

    assert execution.wait().status == "FAILED"
    assert execution.look()["Error"]["ErrorMessage"] == "no invoices for Ada, Grace, Alan"
