"""What histories, descriptions and lists say of executions of state machines, as AWS says it."""

import json
import urllib.request

from machines import ORDERS, ROLE, ended, events, kinds, made, refusal, start, states, system
from system import until
from test_map_runs import CHECK, DISTRIBUTED, each, items

CHARGE = "arn:aws:lambda:us-east-1:000000000000:function:state-machines-Charge"
ASK = "arn:aws:lambda:us-east-1:000000000000:function:state-machines-Ask"


def one(name, state):
    return {"StartAt": name, "States": {name: {**state, "End": True}}}


def entered(states, arn):
    """The input of each state, by its name; of several, the last."""
    history = [it["stateEnteredEventDetails"] for it in events(states, arn) if "stateEnteredEventDetails" in it]
    return {it["name"]: json.loads(it["input"]) for it in history}


def test_names_of_states_have_any_letters(states):
    # Two of them look the same where only ASCII is recorded.
    steps = {
        "Prüfen ✓": {"Type": "Pass", "Next": "é"},
        "é": {"Type": "Wait", "Seconds": 0, "Next": "ü"},
        "ü": {**each(one("Größe", {"Type": "Pass"}))["States"]["Each"]},
    }
    machine = made(states, "letters", {"StartAt": "Prüfen ✓", "States": steps})
    arn = start(states, "one", {"items": [1]}, machine)
    ended(states, arn)
    history = events(states, arn)
    names = [it["stateEnteredEventDetails"]["name"] for it in history if "stateEnteredEventDetails" in it]
    assert names == ["Prüfen ✓", "é", "ü", "Größe"]
    assert [it["type"] for it in history if it["type"].endswith("StateEntered")] == [
        "PassStateEntered",
        "WaitStateEntered",
        "MapStateEntered",
        "PassStateEntered",
    ]
    spread = each({**one("Größe", {"Type": "Pass"}), "ProcessorConfig": DISTRIBUTED["ProcessorConfig"]})
    spread = {"StartAt": "Jeden ✓", "States": {"Jeden ✓": spread["States"]["Each"]}}
    arn = start(states, "one", {"items": [1]}, made(states, "spread-letters", spread))
    ended(states, arn)
    assert "MapRunSucceeded" in kinds(states, arn)


def test_a_heartbeat_that_is_missed_is_told_once(system, states):
    # The function's start is not what is late.
    system.client.invoke(FunctionName="state-machines-Ask", Payload=b'{"name": "warm", "token": "none"}')
    ask = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "HeartbeatSeconds": 3}
    ask["Parameters"] = {"FunctionName": ASK, "Payload": {"token.$": "$$.Task.Token", "name": "silent"}}
    machine = made(states, "silent", one("Ask", {**ask, "TimeoutSeconds": 600}))
    arn = start(states, "one", {}, machine)
    shown = ended(states, arn)
    assert (shown["status"], shown["error"]) == ("FAILED", "States.HeartbeatTimeout")
    timed_out = [it["taskTimedOutEventDetails"] for it in events(states, arn) if it["type"] == "TaskTimedOut"]
    assert [it["error"] for it in timed_out] == ["States.HeartbeatTimeout"]


def test_every_state_has_its_input(states):
    pass_ = {"Type": "Pass"}
    both = {"Type": "Parallel", "Branches": [one("Left", pass_), one("Right", pass_)], "ResultPath": None}
    scaled = {"Type": "Parallel", "Branches": [one("Given", pass_)], "Parameters": {"n.$": "$.items[1]"}, "ResultPath": None}
    steps = {
        "Both": {**both, "Next": "Scaled"},
        "Scaled": {**scaled, "Next": "List"},
        "List": {"Type": "Pass", "InputPath": "$.items", "Next": "Items"},
        "Items": {"Type": "Map", "Next": "Picked"},
        "Picked": {"Type": "Map", "ItemsPath": "$", "ItemSelector": {"n.$": "$$.Map.Item.Value"}, "ItemProcessor": one("Pick", pass_), "End": True},
    }
    steps["Items"]["ItemProcessor"] = {
        "StartAt": "Item",
        "States": {"Item": {"Type": "Pass", "Result": 0, "Next": "Then"}, "Then": {"Type": "Pass", "End": True}},
    }
    arn = start(states, "one", {"items": [1, 2]}, made(states, "inputs", {"StartAt": "Both", "States": steps}))
    assert ended(states, arn)["status"] == "SUCCEEDED"
    inputs = entered(states, arn)
    assert inputs["Left"] == inputs["Right"] == inputs["Both"] == {"items": [1, 2]}
    assert (inputs["Given"], inputs["Then"]) == ({"n": 2}, 0)
    found = [it["stateEnteredEventDetails"] for it in events(states, arn) if "stateEnteredEventDetails" in it]
    found = [(it["name"], json.loads(it["input"])) for it in found]
    assert sorted(value for name, value in found if name == "Item") == [1, 2]
    assert [value for name, value in found if name == "Pick"] == [{"n": 0}, {"n": 0}]


def test_the_execution_of_an_item_is_told_as_one(states):
    machine = made(states, "items-told", each(DISTRIBUTED, Label="Spread", ToleratedFailurePercentage=100))
    arn = start(states, "one", items(1, 30), machine)
    ended(states, arn)
    (run,) = states.list_map_runs(executionArn=arn)["mapRuns"]
    children = states.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    assert len(children) == 2
    for child in children:
        shown = states.describe_execution(executionArn=child["executionArn"])
        assert (shown["mapRunArn"], shown["executionArn"]) == (run["mapRunArn"], child["executionArn"])
        assert ":execution:items-told/Spread:" in shown["executionArn"]
        is_good = shown["status"] == "SUCCEEDED"
        assert json.loads(shown["input"]) == {"n": 1 if is_good else 30}
        assert shown["redriveStatus"] == ("NOT_REDRIVABLE" if is_good else "REDRIVABLE_BY_MAP_RUN")
        assert refusal(states.redrive_execution, executionArn=child["executionArn"]) == "ExecutionNotRedrivable"
        begun, first, *_ = events(states, child["executionArn"])
        assert begun["executionStartedEventDetails"]["input"] == first["stateEnteredEventDetails"]["input"] == shown["input"]
    # They are listed with their run alone.
    assert [it["name"] for it in states.list_executions(stateMachineArn=machine)["executions"]] == ["one"]


def test_events_have_the_role_the_causes_and_the_parameters(states):
    arn = start(states, "refused", {"amount": -1}, made(states, "causes", one("Charge", {"Type": "Task", "Resource": CHARGE})))
    shown = ended(states, arn)
    history = events(states, arn)
    assert history[0]["executionStartedEventDetails"]["roleArn"] == ROLE
    failed = [it["lambdaFunctionFailedEventDetails"] for it in history if it["type"] == "LambdaFunctionFailed"]
    assert failed == [{"error": "Refused", "cause": shown["cause"]}]
    assert json.loads(shown["cause"]) == {"errorMessage": "less than nothing", "errorType": "Refused"}

    begin = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "Next": "Get"}
    begin["Parameters"] = {"StateMachineArn": ORDERS.replace("orders", "quick"), "Input": {"n.$": "$n"}}
    get = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem", "End": True}
    get["Parameters"] = {"TableName": "state-machines-Counts", "Key": {"id": {"S.$": "$$.Execution.Name"}}}
    get["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    steps = {"Set": {"Type": "Pass", "Assign": {"n.$": "$.n"}, "Next": "Begin"}, "Begin": begin, "Get": get, "Caught": {"Type": "Succeed"}}
    arn = start(states, "given", {"n": 3}, made(states, "parameters", {"StartAt": "Set", "States": steps}))
    assert ended(states, arn)["status"] == "SUCCEEDED"
    scheduled = [it["taskScheduledEventDetails"] for it in events(states, arn) if it["type"] == "TaskScheduled"]
    assert [json.loads(it["parameters"]) for it in scheduled] == [
        {"StateMachineArn": begin["Parameters"]["StateMachineArn"], "Input": {"n": 3}},
        {"TableName": "state-machines-Counts", "Key": {"id": {"S": "given"}}},
    ]


def test_executions_are_listed_newest_first(states):
    rest = one("Rest", {"Type": "Wait", "SecondsPath": "$.seconds"})
    machine = made(states, "listed", rest)
    first = start(states, "first", {"seconds": 600}, machine)
    until("it waits", lambda: ("WaitStateEntered" in kinds(states, first), None))
    states.stop_execution(executionArn=first)
    ended(states, start(states, "second", {"seconds": 0}, machine))
    states.redrive_execution(executionArn=first)
    ended(states, start(states, "third", {"seconds": 0}, machine))

    def listed(**arguments):
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine, **arguments)
        return [it["name"] for page in pages for it in page["executions"]]

    assert listed() == ["third", "second", "first"]
    assert listed(PaginationConfig={"PageSize": 1}) == ["third", "second", "first"]
    assert listed(redriveFilter="REDRIVEN") == ["first"]
    assert listed(redriveFilter="NOT_REDRIVEN") == ["third", "second"]
    assert listed(statusFilter="RUNNING") == ["first"]
    assert listed(statusFilter="SUCCEEDED") == ["third", "second"]
    assert listed(statusFilter="ABORTED") == []
    states.stop_execution(executionArn=first)


def test_an_execution_that_took_too_long_says_so(states):
    machine = made(states, "too-long", {**one("Rest", {"Type": "Wait", "Seconds": 600}), "TimeoutSeconds": 1})
    arn = start(states, "one", {}, machine)
    shown = ended(states, arn)
    assert (shown["status"], shown["error"]) == ("TIMED_OUT", "States.Timeout")
    assert "cause" not in shown
    assert events(states, arn)[-1]["executionTimedOutEventDetails"]["error"] == "States.Timeout"


def test_data_is_left_out_for_who_wants_none(states):
    machine = made(states, "metadata", one("Pass", {"Type": "Pass"}))
    trace = "Root=1-67891233-abcdef012345678912345678;Sampled=1"
    arn = states.start_execution(stateMachineArn=machine, name="one", input='{"a": 1}', traceHeader=trace)["executionArn"]
    assert "Root=1-67891233-abcdef012345678912345678" in ended(states, arn)["traceHeader"]
    less = {"includedData": "METADATA_ONLY"}
    shown = states.describe_execution(executionArn=arn, **less)
    assert shown["status"] == "SUCCEEDED" and not {"input", "output"} & set(shown)
    assert states.describe_state_machine(stateMachineArn=machine, **less)["definition"] == "{}"
    assert states.describe_state_machine_for_execution(executionArn=arn, **less)["definition"] == "{}"
    quick = ORDERS.replace("orders", "quick")
    answer = states.start_sync_execution(stateMachineArn=quick, input='{"n": 1}', **less)
    assert answer["status"] == "SUCCEEDED" and not {"input", "output"} & set(answer)


def test_an_input_that_is_too_large_starts_nothing(states):
    machine = made(states, "large-inputs", one("Pass", {"Type": "Pass"}))
    fits = json.dumps("x" * 262_142)
    arn = states.start_execution(stateMachineArn=machine, name="fits", input=fits)["executionArn"]
    assert ended(states, arn)["status"] == "SUCCEEDED"
    for number, length in enumerate([262_143, 1_200_000]):
        large = {"stateMachineArn": machine, "name": f"large-{number}", "input": json.dumps("x" * length)}
        assert refusal(states.start_execution, **large) == "InvalidExecutionInput"
    # Bytes are counted, not letters.
    large = {"stateMachineArn": machine, "name": "letters", "input": json.dumps("ü" * 200_000, ensure_ascii=False)}
    assert refusal(states.start_execution, **large) == "InvalidExecutionInput"
    quick = ORDERS.replace("orders", "quick")
    assert refusal(states.start_sync_execution, stateMachineArn=quick, input=json.dumps("x" * 262_143)) == "InvalidExecutionInput"
    assert [it["name"] for it in states.list_executions(stateMachineArn=machine)["executions"]] == ["fits"]


def test_costs_are_those_of_whole_executions(system, states, tmp_path):
    def cost(*arguments):
        return json.loads(system.command("cost", *arguments))

    steps = {
        "First": {"Type": "Pass", "Next": "Charge"},
        "Charge": {"Type": "Task", "Resource": CHARGE, "End": True},
    }
    machine = made(states, "paid", {"StartAt": "First", "States": steps})
    arn = start(states, "paid-once", {"amount": 5, "busy": str(tmp_path / "busy")}, machine)
    assert ended(states, arn)["status"] == "FAILED"
    before = cost("paid-once")["usage"]
    assert (before["transitions"], before["requests"]) == (2, 1)
    states.redrive_execution(executionArn=arn)
    assert ended(states, arn)["status"] == "SUCCEEDED"
    for named in ("paid-once", arn):
        told = cost(named)
        assert (told["subject"], told["usage"]["transitions"], told["usage"]["requests"]) == ("paid-once", 3, 2)
    query = "function=paid&name=paid-once"
    with urllib.request.urlopen(f"{system.endpoint}/lambdura/v1/executions/cost?{query}") as answer:
        shown = json.load(answer)
    assert (shown["usage"]["transitions"], shown["usage"]["requests"]) == (3, 2)
    assert shown["ended_at"] >= shown["started_at"]
    average = cost("paid", "--last", "5")
    assert (average["executions"], average["usage"]["transitions"]) == (1, 3)

    # An item is a part of the execution around it, and an Express one is paid as such.
    for kind, expected in [("STANDARD", (1 + 3 * 2, 0)), ("EXPRESS", (1, 3))]:
        processor = {**CHECK, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}
        name = f"spread-{kind.lower()}"
        machine = made(states, name, each(processor))
        arn = start(states, "one", items(1, 2, 3), machine)
        assert ended(states, arn)["status"] == "SUCCEEDED"
        average = cost(name, "--last", "5")
        usage = average["usage"]
        assert (average["executions"], usage["transitions"], usage["express_requests"]) == (1, *expected)
    assert any("stored copies" in assumption for assumption in average["assumptions"])
