"""Two executions of each of many functions at once, round after round: no answer reaches another than its own."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from system import until, up

SUITE = {"name": "no_mix_up", "sdk": "both", "version": ""}

FUNCTIONS = [f"Mix{language}{n}" for language in ("Py", "Js") for n in (1, 2, 3)]
# Executions of one function at the same time.
AT_ONCE = 2
ROUNDS = 10


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with up("mix", tmp_path_factory.mktemp("mix"), "--concurrency", "2") as system:
        yield system


def questions(events):
    """Callbacks that were asked for: what is asked, and the id to answer with."""
    names = {event["Id"]: event.get("Name") for event in events if "Id" in event}
    for event in events:
        if event["EventType"] == "CallbackStarted":
            # The callback of `wait_for_callback` is called after its context by one SDK, and not at all by the other.
            name = event.get("Name") or ""
            asked = name if name.startswith("branch") else names[event["ParentId"]]
            yield asked, event["CallbackStartedDetails"]["CallbackId"]


def one(system, function, token):
    """Starts an execution, answers all it asks, and checks what it returns and all it recorded."""
    arn = system.begin(function, {"token": token}, token)
    answered = {}

    def look():
        events = system.history(arn)
        # The last question first, so that answers come in another order than questions.
        for asked, callback_id in reversed(list(questions(events))):
            if asked not in answered:
                answered[asked] = callback_id
                result = f"{token} answers {asked}".encode()
                system.client.send_durable_execution_callback_success(CallbackId=callback_id, Result=result)
        ended = events[-1]["EventType"] in ("ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut")
        return (events if ended else None), [event["EventType"] for event in events]

    events = until(f"{token} has ended", look, pause=0.2)
    shown = system.ended(arn)
    assert shown["Status"] == "SUCCEEDED", shown
    assert json.loads(shown["Result"]) == {
        "held": token,
        "first": f"{token} answers first",
        "branches": [[f"{token} {n}", f"{token} answers branch {n}"] for n in (0, 1)],
        "echoed": token,
        "child": token,
    }
    tokens = set(re.findall(r"token-\w+", json.dumps(events, default=str)))
    assert tokens == {token}, tokens
    return list(answered.values())


@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_round(system, round_number):
    work = [
        (function, f"token-{round_number}-{function}-{n}".replace("-", "_").replace("token_", "token-", 1))
        for n in range(AT_ONCE)
        for function in FUNCTIONS
    ]
    with ThreadPoolExecutor(len(work)) as threads:
        callback_ids = [i for ids in threads.map(lambda item: one(system, *item), work) for i in ids]
    assert len(callback_ids) == 3 * len(work) == len(set(callback_ids))
