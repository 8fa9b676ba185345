"""What a suite does while its executions wait: answers, refusals, heartbeats, stops."""

import time

from system import until

EXTERNAL = {"ErrorType": "Refused", "ErrorMessage": "not today", "ErrorData": '{"by": 7}'}
ENOUGH = {"ErrorType": "Enough", "ErrorMessage": "entered twice"}
# Longer than the heartbeat timeout of the cases, three seconds.
ALIVE_SECONDS = 5


def answers(name=None, result=b"yes"):
    """Completes a callback; without a result if that is None."""

    def drive(system, arn):
        payload = {} if result is None else {"Result": result}
        callback_id = system.callback(arn, name)
        system.client.send_durable_execution_callback_success(CallbackId=callback_id, **payload)

    return drive


def refuses(name=None, **error):
    def drive(system, arn):
        callback_id = system.callback(arn, name)
        system.client.send_durable_execution_callback_failure(CallbackId=callback_id, Error=error)

    return drive


def heartbeats_then_answers(system, arn):
    """Past the heartbeat timeout, kept alive by heartbeats."""
    callback_id = system.callback(arn)
    deadline = time.monotonic() + ALIVE_SECONDS
    while time.monotonic() < deadline:
        system.client.send_durable_execution_callback_heartbeat(CallbackId=callback_id)
        time.sleep(0.5)
    system.client.send_durable_execution_callback_success(CallbackId=callback_id, Result=b"alive")


def answers_in_reverse(system, arn):
    for name in ("second", "first"):
        answers(name, name.encode())(system, arn)


def stops(system, arn):
    system.suspended(arn)
    system.client.stop_durable_execution(DurableExecutionArn=arn, Error=ENOUGH)


def stops_the_child(system, arn):
    """Stops what the execution has invoked."""
    system.suspended(arn)
    started = system.event(arn, "ChainedInvokeStarted")["ChainedInvokeStartedDetails"]
    child = started["DurableExecutionArn"]
    system.client.stop_durable_execution(DurableExecutionArn=child, Error=ENOUGH)


def stops_after_failures(system, arn):
    """An invocation that fails is repeated, and would be for minutes."""

    def look():
        completed = [
            event["InvocationCompletedDetails"]
            for event in system.history(arn)
            if event["EventType"] == "InvocationCompleted"
        ]
        failed = [one for one in completed if one.get("Error", {}).get("Payload")]
        return len(failed) == 2, completed

    until(f"two invocations of {arn} have failed", look)
    system.client.stop_durable_execution(DurableExecutionArn=arn, Error=ENOUGH)
