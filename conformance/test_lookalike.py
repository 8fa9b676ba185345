"""A stack as people write them: Powertools, a table, an HTTP API, people and services that answer."""

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from system import PATIENCE_SECONDS, until, up

SUITE = {"name": "lookalike", "sdk": "aws-lambda-powertools", "version": "3.37.0"}

# What is claimed, what the adjuster says, and how it must end.
CLAIMS = {
    "small": ({"value": 20, "items": ["cup"]}, None, "paid"),
    "granted": ({"value": 200, "items": ["lamp"]}, {"granted": True}, "paid"),
    "denied": ({"value": 200, "items": ["lamp"]}, {"granted": False}, "denied"),
    "expired": ({"value": 200, "items": ["lamp"], "patience": 2}, None, "expired"),
    "delivered": ({"value": 30, "items": ["found parcel"]}, None, "delivered"),
    "refused": ({"value": 99_999, "items": ["diamond"]}, None, "refused"),
    "worthless": ({"value": 0, "items": []}, None, "checking"),
}


def http(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with up("lookalike", tmp_path_factory.mktemp("lookalike"), "--concurrency", "4") as system:
        yield system


@pytest.fixture(scope="module")
def api(system):
    return system.ready["http_apis"]["ClaimsApi"]


@pytest.fixture(scope="module")
def claims(system, api):
    """Every claim has been followed to its end: name to id and execution."""
    http(f"{api}/claims/warm")

    def follow(item):
        name, (claim, decision, _) = item
        status, answer = http(f"{api}/claims", claim)
        assert status == 202, answer
        claim_id = answer["claim_id"]
        if decision is not None:

            def deciding():
                shown = http(f"{api}/claims/{claim_id}")
                return shown[1]["status"] == "deciding", shown

            until(f"{claim_id} is to be decided on", deciding)
            assert http(f"{api}/claims/{claim_id}/decision", decision)[0] == 200

        def ended():
            listed = system.client.list_durable_executions_by_function(
                FunctionName="ClaimFunction", DurableExecutionName=claim_id
            )["DurableExecutions"]
            return (listed[0] if listed and listed[0]["Status"] != "RUNNING" else None), listed

        return name, (claim_id, until(f"{claim_id} has ended", ended))

    with ThreadPoolExecutor(len(CLAIMS)) as people:
        return dict(people.map(follow, CLAIMS.items()))


@pytest.mark.parametrize("name", CLAIMS)
def test_branch(system, api, claims, name):
    claim_id, execution = claims[name]
    claim, _, expected = CLAIMS[name]
    status, shown = http(f"{api}/claims/{claim_id}")
    assert (status, shown["status"]) == (200, expected)
    assert "callback_id" not in shown
    ended = system.ended(execution["DurableExecutionArn"])
    if name == "worthless":
        assert ended["Status"] == "FAILED"
        assert ended["Error"]["ErrorMessage"] == "a claim needs a value"
        return
    result = {"status": expected, "amount": claim["value"]} if expected == "paid" else {"status": expected}
    assert (ended["Status"], json.loads(ended["Result"])) == ("SUCCEEDED", result)


def test_tree(system, claims):
    events = system.history(claims["granted"][1]["DurableExecutionArn"])
    started = [
        (event["SubType"], event.get("Name"))
        for event in events
        if event["EventType"] in ("ContextStarted", "StepStarted", "CallbackStarted")
    ]
    evidence = started[1:8]
    assert started[0] == ("Step", "check")
    assert evidence[0] == ("Parallel", "evidence")
    assert sorted(evidence[1:]) == sorted(
        [("ParallelBranch", f"parallel-branch-{n}") for n in range(3)]
        + [("Step", f"ask {source}") for source in ("photos", "tracking", "weight")]
    )
    asked = lambda name: [
        ("WaitForCallback", name),
        ("Callback", f"{name} create callback id"),
        ("Step", f"{name} submitter"),
    ]
    assert started[8:] == [("Step", "score"), *asked("adjuster"), *asked("carrier"), ("Step", "settle")]


def test_http_errors(api, claims):
    assert http(f"{api}/claims/nobody")[0] == 404
    assert http(f"{api}/claims", {"items": []}) == (400, {"statusCode": 400, "message": "a claim needs a value"})
    assert http(f"{api}/claims/{claims['small'][0]}/decision", {"granted": True})[0] == 404
    assert http(f"{api}/elsewhere")[0] == 404


def documents(system, name):
    """What a function or execution logged as JSON."""
    found = []
    for line in system.command("logs", name, "--limit", "2000").splitlines():
        line = json.loads(line)
        if line["stream"] != "PLATFORM" and line["text"].startswith("{"):
            found.append(json.loads(line["text"]))
    return found


def test_logs_carry_correlation_ids_and_are_not_repeated(system, claims):
    claim_id = claims["granted"][0]
    lines = documents(system, claim_id)
    messages = [line for line in lines if "message" in line and line.get("service") == "claim"]
    assert sorted(line["message"] for line in messages) == sorted(
        ["claim opened", "checking the claim", "adjuster decided", "carrier answered"]
        + [f"evidence from {source}" for source in ("photos", "tracking", "weight")]
    )
    assert {line["correlation_id"] for line in messages} == {claim_id}
    assert all(line["executionArn"] == claims["granted"][1]["DurableExecutionArn"] for line in messages)
    assert all(line["level"] == "INFO" and "timestamp" in line for line in messages)
    decided = next(line for line in messages if line["message"] == "adjuster decided")
    assert decided["granted"] is True
    carrier = [line for line in documents(system, "CarrierFunction") if line.get("message") == "looked up"]
    asked = {claims[name][0] for name in ("small", "granted", "delivered")}
    assert {line["correlation_id"] for line in carrier} == asked
    assert all(line["function_name"] == "CarrierFunction" and line["function_request_id"] for line in carrier)


def test_metrics_arrive_as_embedded_metric_format(system, claims):
    def metrics(name):
        return [line for line in documents(system, name) if "_aws" in line]

    settled = [line for line in metrics(claims["granted"][0]) if "Amount" in line]
    assert [line["Amount"] for line in settled] == [[200.0]]
    namespaces = {one["Namespace"] for one in settled[0]["_aws"]["CloudWatchMetrics"]}
    assert namespaces == {"ParcelClaims"} and settled[0]["service"] == "claim"
    opened = [line for line in metrics("ClaimsApiFunction") if "Opened" in line]
    assert len(opened) == len(CLAIMS)
    cold = [line for line in metrics("CarrierFunction") if "ColdStart" in line]
    assert cold and all(line["function_name"] == "CarrierFunction" for line in cold)


def test_trace_segments_arrive_once_each(system, claims):
    """Subsegments arrive, none again with a replay; who is asked traces under the trace of who asks."""
    looked_at = len([name for name in CLAIMS if name not in ("refused", "worthless")])
    wanted = {f"## {source}": looked_at for source in ("photos", "tracking", "weight")}
    wanted |= {"## workflow.settle": 2, "## carrier.look_up": 3}

    def look():
        documents = [one["document"] for one in system.get("/lambdura/v1/segments", limit=1000)["segments"]]
        counts = {name: len([one for one in documents if one["name"] == name]) for name in wanted}
        return (documents if counts == wanted else None), counts

    documents = until("all segments have arrived", look, patience=20)
    traces = lambda name: {one["trace_id"] for one in documents if one["name"] == name}
    assert traces("## carrier.look_up") <= traces("## photos") <= traces("## api.open_claim")
    assert {one["name"] for one in documents} >= {"## handler", "dynamodb", "lambda"}
