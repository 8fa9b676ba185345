"""Distributed Map states as map runs, what the context object says, and what histories say of failures, through boto3."""

import json

from machines import ORDERS, ROLE, ended, events, kinds, made, refusal, start, states, system


def each(processor, **more):
    """A machine with one Map state."""
    one = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True, **more}
    return {"StartAt": "Each", "States": {"Each": one}}


# Fails with items above 10.
CHECK = {
    "StartAt": "Look",
    "States": {
        "Look": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 10, "Next": "No"}], "Default": "Yes"},
        "No": {"Type": "Fail", "Error": "TooMuch", "Cause": "above 10"},
        "Yes": {"Type": "Pass", "End": True},
    },
}
DISTRIBUTED = {**CHECK, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}


def items(*numbers):
    return {"items": [{"n": n} for n in numbers]}


def test_a_distributed_map_is_a_map_run(states):
    machine = made(states, "spread", each(DISTRIBUTED, Label="Spread", MaxConcurrency=2, ToleratedFailurePercentage=50))
    arn = start(states, "one", items(1, 2, 30), machine)
    assert ended(states, arn)["status"] == "SUCCEEDED"
    history = events(states, arn)
    assert [event["type"] for event in history] == [
        "ExecutionStarted",
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]
    assert history[2]["mapStateStartedEventDetails"]["length"] == 3
    run = history[3]["mapRunStartedEventDetails"]["mapRunArn"]
    assert run.startswith("arn:aws:states:us-east-1:000000000000:mapRun:spread/Spread:")
    (listed,) = states.list_map_runs(executionArn=arn)["mapRuns"]
    assert (listed["mapRunArn"], listed["executionArn"], listed["stateMachineArn"]) == (run, arn, machine)
    shown = states.describe_map_run(mapRunArn=run)
    assert (shown["status"], shown["maxConcurrency"], shown["toleratedFailurePercentage"]) == ("SUCCEEDED", 2, 50)
    for counts in (shown["itemCounts"], shown["executionCounts"]):
        assert (counts["total"], counts["succeeded"], counts["failed"], counts["running"]) == (3, 2, 1, 0)
    children = states.list_executions(mapRunArn=run)["executions"]
    assert sorted(it["status"] for it in children) == ["FAILED", "SUCCEEDED", "SUCCEEDED"]
    assert all(it["mapRunArn"] == run and it["itemCount"] == 1 for it in children)
    (bad,) = states.list_executions(mapRunArn=run, statusFilter="FAILED")["executions"]
    child = states.describe_execution(executionArn=bad["executionArn"])
    assert (json.loads(child["input"]), child["error"]) == ({"n": 30}, "TooMuch")
    assert refusal(states.update_map_run, mapRunArn=run, maxConcurrency=5) == "ValidationException"
    assert refusal(states.describe_map_run, mapRunArn=f"{run}0") == "ResourceNotFound"
    assert refusal(states.describe_map_run, mapRunArn="run") == "InvalidArn"


def test_a_map_run_fails_beyond_what_it_tolerates(states):
    machine = made(states, "strict", each(DISTRIBUTED, ItemBatcher={"MaxItemsPerBatch": 2}))
    arn = start(states, "fine", items(1, 2, 3), machine)
    # A batch is no item of the processor: it has no member `n`.
    shown = ended(states, arn)
    (run,) = states.list_map_runs(executionArn=arn)["mapRuns"]
    described = states.describe_map_run(mapRunArn=run["mapRunArn"])
    assert (shown["status"], described["status"]) == ("FAILED", "FAILED")
    assert (described["executionCounts"]["total"], described["itemCounts"]["total"]) in ((2, 3), (1, 2))
    assert kinds(states, arn)[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_a_map_or_parallel_that_failed_says_so(states):
    machine = made(states, "inline", each(CHECK))
    arn = start(states, "bad", items(30), machine)
    ended(states, arn)
    assert kinds(states, arn)[-3:] == ["MapIterationFailed", "MapStateFailed", "ExecutionFailed"]
    assert states.list_map_runs(executionArn=arn)["mapRuns"] == []
    fail = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "E"}}}
    both = {"Type": "Parallel", "Branches": [fail], "End": True}
    machine = made(states, "both", {"StartAt": "Both", "States": {"Both": both}})
    arn = start(states, "bad", {}, machine)
    shown = ended(states, arn)
    assert (shown["error"], shown.get("cause", "")) == ("E", "")
    assert kinds(states, arn)[-2:] == ["ParallelStateFailed", "ExecutionFailed"]


def test_a_map_or_parallel_fails_once_however_often_it_is_tried(states):
    # As AWS's recorded histories have it: an attempt that another one follows ends with what failed in it.
    retry = {"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 2}]}
    caught = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]}
    fail = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "E"}}}
    for name, state, attempt, kind in [
        ("map", each(fail)["States"]["Each"], ["MapStateStarted", "MapIterationStarted", "FailStateEntered", "MapIterationFailed"], "Map"),
        ("parallel", {"Type": "Parallel", "Branches": [fail], "End": True}, ["ParallelStateStarted", "FailStateEntered"], "Parallel"),
    ]:
        machine = {"StartAt": "Each", "States": {"Each": {**state, **retry}}}
        arn = start(states, "one", items(1), made(states, f"{name}-fails", machine))
        ended(states, arn)
        begun = ["ExecutionStarted", f"{kind}StateEntered"]
        assert kinds(states, arn) == [*begun, *attempt * 3, f"{kind}StateFailed", "ExecutionFailed"]
        machine["States"] = {"Each": {**state, **retry, **caught}, "Caught": {"Type": "Succeed"}}
        arn = start(states, "one", items(1), made(states, f"{name}-is-caught", machine))
        assert ended(states, arn)["status"] == "SUCCEEDED"
        after = ["SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"]
        assert kinds(states, arn) == [*begun, *attempt * 3, f"{kind}StateFailed", f"{kind}StateExited", *after]
    machine = {"StartAt": "Each", "States": {"Each": {**each(DISTRIBUTED)["States"]["Each"], **retry}}}
    arn = start(states, "one", items(30), made(states, "runs-fail", machine))
    ended(states, arn)
    attempt = ["MapStateStarted", "MapRunStarted", "MapRunFailed"]
    assert kinds(states, arn)[2:] == [*attempt * 3, "MapStateFailed", "ExecutionFailed"]
    history = events(states, arn)
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    # Nothing comes before the first state.
    assert [event["previousEventId"] for event in history[:3]] == [0, 0, 2]


def test_an_evaluation_that_fails_is_told_of(states):
    def history_of(name, state, error="States.QueryEvaluationError"):
        machine = {"QueryLanguage": "JSONata", "StartAt": "It", "States": {"It": state}}
        if "Other" in json.dumps(state):
            machine["States"]["Other"] = {"Type": "Succeed"}
        arn = start(states, "one", {"at": "2016-12-05 21:29:29Z"}, made(states, name, machine))
        shown = ended(states, arn)
        if error:
            assert (shown["status"], shown["error"]) == ("FAILED", error), shown
        history = events(states, arn)
        told = [it["evaluationFailedEventDetails"] for it in history if it["type"] == "EvaluationFailed"]
        assert all(it["state"] == "It" and it["error"] == "States.QueryEvaluationError" for it in told)
        # The one that ends the execution has its cause.
        assert not error or told[-1]["cause"] == shown["cause"]
        return [it["type"] for it in history][2:], [it.get("location") for it in told]

    ends = {"End": True}
    nothing = "{% $states.input.nothing %}"
    one = ["EvaluationFailed", "ExecutionFailed"]
    passes = {"Type": "Pass", "Output": {"a": [1, nothing]}, **ends}
    assert history_of("e-pass", passes) == (one, ["Output/a[1]"])
    waits = {"Type": "Wait", "Timestamp": "{% $states.input.at %}", **ends}
    assert history_of("e-wait", waits) == (one, ["Timestamp"])
    rule = {"Condition": "{% 'yes' %}", "Next": "Other"}
    assert history_of("e-choice", {"Type": "Choice", "Choices": [rule]}) == (one, ["Choices[0]/Condition"])
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": nothing}, **ends}
    assert history_of("e-task", task) == (one, ["Arguments/FunctionName"])
    item = {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}}
    maps = {"Type": "Map", "Items": "{% 1 %}", "ItemProcessor": item, **ends}
    assert history_of("e-map", maps) == (["EvaluationFailed", "MapStateFailed", "ExecutionFailed"], ["Items"])
    # The input itself is no list, which is in no field.
    text = {name: value for name, value in maps.items() if name != "Items"}
    inner = {"QueryLanguage": "JSONata", "StartAt": "Text", "States": {"Text": {"Type": "Pass", "Output": "text", "Next": "It"}, "It": text}}
    arn = start(states, "one", {}, made(states, "e-input", inner))
    assert ended(states, arn)["cause"] == 'Map state input must be an array but was: "text"'
    assert kinds(states, arn)[-3:] == ["EvaluationFailed", "MapStateFailed", "ExecutionFailed"]
    assert "location" not in events(states, arn)[-3]["evaluationFailedEventDetails"]
    # Each attempt says so, and one that is caught.
    retry = {"Retry": [{"ErrorEquals": ["States.QueryEvaluationError"], "IntervalSeconds": 1, "MaxAttempts": 1}]}
    caught = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Other"}]}
    types, places = history_of("e-caught", {**task, **retry, **caught}, error=None)
    assert types == ["EvaluationFailed"] * 2 + ["TaskStateExited", "SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"]
    assert places == ["Arguments/FunctionName"] * 2
    # JSONPath knows no such event.
    path = {"Type": "Wait", "QueryLanguage": "JSONPath", "TimestampPath": "$.at", **ends}
    jsonpath = {"StartAt": "It", "States": {"It": path}}
    arn = start(states, "one", {"at": "2016-12-05 21:29:29Z"}, made(states, "e-path", jsonpath))
    assert ended(states, arn)["error"] == "States.Runtime"
    assert kinds(states, arn) == ["ExecutionStarted", "WaitStateEntered", "ExecutionFailed"]


def test_a_result_of_a_task_that_is_too_large_fails_it(states):
    function = "arn:aws:lambda:us-east-1:000000000000:function:state-machines-Charge"
    invoke = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "Fits"}
    invoke["Parameters"] = {"FunctionName": function, "Payload.$": "$"}
    direct = {"Type": "Task", "Resource": function, "Next": "Fits"}
    others = {"Fits": {"Type": "Pass", "Result": "fits", "End": True}, "Caught": {"Type": "Pass", "End": True}}
    for name, task, of, kind in [("invoke", invoke, "lambda", "Task"), ("direct", direct, function, "LambdaFunction")]:
        cause = f"The state/task '{of}' returned a result with a size exceeding the maximum number of bytes service limit."
        failure = {"Error": "States.DataLimitExceeded", "Cause": cause}
        for caught in ["States.DataLimitExceeded", "States.ALL"]:
            state = {**task, "Catch": [{"ErrorEquals": [caught], "Next": "Caught"}]}
            machine = made(states, f"large-{name}-{caught.rsplit('.')[1]}", {"StartAt": "Charge", "States": {"Charge": state, **others}})
            arn = start(states, "small", {"amount": 1, "letters": 200_000}, machine)
            assert ended(states, arn)["output"] == '"fits"'
            # What fits into a record here, what does not, and what is no JSON either.
            for number, large in enumerate([{"letters": 263_168}, {"letters": 2_000_000}, {"bytes": 263_168}]):
                arn = start(states, f"large-{number}", {"amount": 1, **large}, machine)
                assert json.loads(ended(states, arn)["output"]) == failure
                history = events(states, arn)
                assert [it["type"] for it in history[4:6]] == [f"{kind}Failed", "TaskStateExited"]
                (details,) = [details for member, details in history[4].items() if member.endswith("Details")]
                assert (details["error"], details["cause"]) == (failure["Error"], failure["Cause"])


def test_what_went_well_is_not_done_again_when_redriven(states, tmp_path):
    function = "arn:aws:lambda:us-east-1:000000000000:function:state-machines-Charge"
    charge = {"Type": "Task", "Resource": function, "Next": "Mark"}
    mark = {"Type": "Pass", "Parameters": {"id.$": "States.UUID()", "amount.$": "$.amount"}, "End": True}
    steps = {"StartAt": "Charge", "States": {"Charge": charge, "Mark": mark}}
    quick = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "Parameters": {"id.$": "States.UUID()"}, "End": True}}}

    def once(name, definition, given):
        machine = made(states, name, definition)
        arn = start(states, "once", given, machine)
        assert ended(states, arn)["status"] == "FAILED"
        first = events(states, arn)
        states.redrive_execution(executionArn=arn)
        shown = ended(states, arn)
        assert shown["status"] == "SUCCEEDED", shown
        after = events(states, arn)[len(first) :]
        outputs = [it["stateExitedEventDetails"]["output"] for it in first if it["type"] == "PassStateExited"]
        return json.loads(shown["output"]), [json.loads(it) for it in outputs], [it["type"] for it in after]

    # The branch that is quick ends before the other one has failed; both are waited for here.
    slow = {"StartAt": "Later", "States": {"Later": {"Type": "Wait", "Seconds": 2, "Next": "Charge"}, **steps["States"]}}
    both = {"Type": "Parallel", "Branches": [quick, slow], "End": True}
    given = {"amount": 5, "busy": str(tmp_path / "parallel")}
    output, before, after = once("halves", {"StartAt": "Both", "States": {"Both": both}}, given)
    assert output[0] in before and output[1]["amount"] == 5
    assert after.count("PassStateEntered") == 1 and after[:3] == ["ExecutionRedriven", "ParallelStateEntered", "ParallelStateStarted"]

    given = {"items": [{"amount": 1}, {"amount": 2}, {"amount": 3, "busy": str(tmp_path / "map")}]}
    output, before, after = once("parts", each(steps, MaxConcurrency=1), given)
    assert [it["amount"] for it in output] == [1, 2, 3]
    assert output[:2] == before
    assert (after.count("MapIterationStarted"), after.count("LambdaFunctionScheduled")) == (1, 1)


def test_the_context_object_has_the_names_of_step_functions(states):
    show = {"Type": "Pass", "Parameters": {"context.$": "$$"}, "End": True}
    machine = made(states, "contextual", {"StartAt": "Show", "States": {"Show": show}})
    arn = start(states, "one", {"a": 1}, machine)
    context = json.loads(ended(states, arn)["output"])["context"]
    assert context["StateMachine"] == {"Id": machine, "Name": "contextual"}
    execution = context["Execution"]
    assert (execution["Id"], execution["Name"], execution["RoleArn"]) == (arn, "one", ROLE)
    assert (execution["Input"], execution["RedriveCount"]) == ({"a": 1}, 0)


def test_a_call_that_takes_too_long_is_told_of(states):
    function = "arn:aws:lambda:us-east-1:000000000000:function:state-machines-Nobody"
    call = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": function}, "End": True}
    machine = made(states, "calls-nobody", {"StartAt": "Call", "States": {"Call": call}})
    shown = ended(states, start(states, "one", {}, machine))
    assert (shown["status"], shown["error"]) == ("FAILED", "Lambda.ResourceNotFoundException")
    begin = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": True}
    begin["Parameters"] = {"StateMachineArn": ORDERS.replace("orders", "nobody"), "Input": {}}
    machine = made(states, "starts-nobody", {"StartAt": "Begin", "States": {"Begin": begin}})
    shown = ended(states, start(states, "one", {}, machine))
    assert shown["error"] == "StepFunctions.StateMachineDoesNotExistException"
