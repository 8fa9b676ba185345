"""Executions of state machines through AWS's clients of Step Functions: boto3, the CLI, JavaScript's."""

import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from unittest.mock import ANY

import pytest
from machines import ORDERS, ROLE, client, definition, ended, events, refusal, start, states, system
from system import HERE, PATIENCE_SECONDS, binary, until, up

# Any will do.
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}


def test_an_execution_ends_with_its_output_and_its_history(states, tmp_path):
    order = {"amount": 5, "items": ["a", "b"], "busy": str(tmp_path / "busy")}
    arn = start(states, "small", {"order": order})
    assert arn == "arn:aws:states:us-east-1:000000000000:execution:orders:small"
    shown = ended(states, arn)
    assert shown["status"] == "SUCCEEDED", shown
    output = json.loads(shown["output"])
    assert output["charge"] == {"amount": 5}
    assert output["packed"] == [{"packed": "a"}, {"packed": "b"}]
    history = events(states, arn)
    kinds = [event["type"] for event in history]
    assert kinds == [
        "ExecutionStarted",
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionFailed",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
        "ChoiceStateEntered",
        "ChoiceStateExited",
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert all(event["previousEventId"] < event["id"] for event in history)
    assert json.loads(history[1]["stateEnteredEventDetails"]["input"]) == {"order": order}
    assert history[4]["lambdaFunctionFailedEventDetails"]["error"] == "Busy"
    exited = history[8]["stateExitedEventDetails"]
    assert exited["name"] == "Charge" and json.loads(exited["output"])["charge"] == {"amount": 5}
    backwards = events(states, arn, reverseOrder=True)
    assert backwards == history[::-1]
    assert "input" not in events(states, arn, includeExecutionData=False)[1]["stateEnteredEventDetails"]


def test_a_failure_has_its_name_and_its_cause(states):
    arn = start(states, "refused", {"order": {"amount": -1, "items": []}})
    shown = ended(states, arn)
    assert shown["status"] == "FAILED"
    assert shown["error"] == "Order.Refused"
    assert json.loads(shown["cause"])["errorMessage"] == "less than nothing"
    entered, failed = events(states, arn)[-2:]
    assert (entered["type"], failed["type"]) == ("FailStateEntered", "ExecutionFailed")
    assert failed["executionFailedEventDetails"]["error"] == "Order.Refused"


def test_a_task_token_is_completed_from_outside(system, states):
    arn = start(states, "large", {"order": {"amount": 500, "items": []}})
    token = until("the token is told", lambda: (system.recorded("large"), None))[0]
    assert states.describe_execution(executionArn=arn)["status"] == "RUNNING"
    states.send_task_heartbeat(taskToken=token)
    assert refusal(states.send_task_success, taskToken=token, output="{") == "InvalidOutput"
    assert refusal(states.send_task_success, taskToken="none", output="1") == "InvalidToken"
    states.send_task_success(taskToken=token, output=json.dumps({"by": "Ada"}))
    shown = ended(states, arn)
    assert json.loads(shown["output"])["answer"] == {"by": "Ada"}
    kinds = [event["type"] for event in events(states, arn)]
    assert "TaskSubmitted" in kinds and "TaskSucceeded" in kinds
    arn = start(states, "denied", {"order": {"amount": 500, "items": []}})
    token = until("the token is told", lambda: (system.recorded("denied"), None))[0]
    states.send_task_failure(taskToken=token, error="Manager.Said.No", cause="too much")
    shown = ended(states, arn)
    assert (shown["status"], shown["error"], shown["cause"]) == ("FAILED", "Manager.Said.No", "too much")


def test_an_execution_is_stopped(system, states):
    arn = start(states, "stopped", {"order": {"amount": 500, "items": []}})
    until("it waits", lambda: (system.recorded("stopped"), None))
    states.stop_execution(executionArn=arn, error="Enough", cause="no need")
    shown = ended(states, arn)
    assert (shown["status"], shown["error"], shown["cause"]) == ("ABORTED", "Enough", "no need")
    assert events(states, arn)[-1]["type"] == "ExecutionAborted"
    listed = states.list_executions(stateMachineArn=ORDERS, statusFilter="ABORTED")["executions"]
    assert "stopped" in [it["name"] for it in listed]


def test_an_express_machine_answers_at_once(states):
    answer = states.start_sync_execution(stateMachineArn=ORDERS.replace("orders", "quick"), input='{"n": 21}')
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "42")
    assert refusal(states.start_sync_execution, stateMachineArn=ORDERS, input="{}") == "StateMachineTypeNotSupported"


def test_an_express_machine_runs_again_whatever_the_name(system, states):
    """Its executions are of their own each, and this API knows nothing of them afterwards."""
    quick = ORDERS.replace("orders", "quick")
    arns = set()
    for number in (1, 2):
        answer = states.start_sync_execution(stateMachineArn=quick, name="same", input=json.dumps({"n": number}))
        assert (answer["name"], answer["output"]) == ("same", str(2 * number))
        assert "redriveCount" not in answer
        arns.add(answer["executionArn"])
        arns.add(start(states, "same", {"n": number}, quick))
    prefix = "arn:aws:states:us-east-1:000000000000:express:quick:same:"
    assert len(arns) == 4 and all(arn.startswith(prefix) for arn in arns), arns
    for call in (states.describe_execution, states.get_execution_history, states.stop_execution, states.redrive_execution):
        assert refusal(call, executionArn=arns.copy().pop()) == "InvalidArn"
    assert refusal(states.list_executions, stateMachineArn=quick) == "StateMachineTypeNotSupported"
    # The console has its own API.
    with urllib.request.urlopen(f"{system.endpoint}/lambdura/v1/executions?function=quick", timeout=30) as answer:
        shown = json.load(answer)
    assert len(shown["executions"]) >= 4, shown


def test_an_execution_may_have_any_name_of_aws(states):
    double = ORDERS.replace("orders", "double")
    names = ["order.2026", "a@b", "a+b=c", "\u00e4", "x" * 80, "_x"]
    for name in names:
        arn = start(states, name, {"n": 2}, double)
        assert arn == f"{double.replace('stateMachine', 'execution')}:{name}"
        shown = ended(states, arn)
        assert (shown["name"], shown["output"]) == (name, "4"), shown
        assert events(states, arn)[0]["type"] == "ExecutionStarted"
    listed = [it["name"] for it in states.list_executions(stateMachineArn=double)["executions"]]
    assert set(names) <= set(listed)
    for name in ["a b", "a:b", "a#", "a\u0007", "x" * 81]:
        assert refusal(states.start_execution, stateMachineArn=double, name=name, input="{}") == "InvalidName"
    # Stopped and redriven, it is still the one execution of its name.
    create = {"name": "named.waits", "definition": definition("late", wait=True), "roleArn": ROLE}
    waits = states.create_state_machine(**create)["stateMachineArn"]
    arn = start(states, "x" * 78 + ".y", {"seconds": 2}, waits)
    states.stop_execution(executionArn=arn)
    assert ended(states, arn)["status"] == "ABORTED"
    states.redrive_execution(executionArn=arn)
    shown = ended(states, arn)
    assert (shown["status"], shown["redriveCount"]) == ("SUCCEEDED", 1), shown
    assert [it["executionArn"] for it in states.list_executions(stateMachineArn=waits)["executions"]] == [arn]
    # What a machine sees of its name.
    named = {"Type": "Pass", "Parameters": {"id.$": "$$.Execution.Id", "name.$": "$$.Execution.Name"}, "End": True}
    named = {"StartAt": "A", "States": {"A": named}}
    create = {"name": "named", "definition": json.dumps(named), "roleArn": ROLE}
    kept = states.create_state_machine(**create)["stateMachineArn"]
    arn = start(states, "a.b", {}, kept)
    assert json.loads(ended(states, arn)["output"]) == {"id": arn, "name": "a.b"}
    express = states.create_state_machine(**create | {"name": "named.express"}, type="EXPRESS")["stateMachineArn"]
    answer = states.start_sync_execution(stateMachineArn=express, name="a.b", input="{}")
    assert json.loads(answer["output"]) == {"id": answer["executionArn"], "name": "a.b"}


def test_the_history_is_in_the_log(system, states):
    answer = states.start_sync_execution(stateMachineArn=ORDERS.replace("orders", "noted"), input='{"secret": 1}')
    assert json.loads(answer["output"]) == {"said": "hello"}

    def look():
        command = [binary(), "logs", "noted", "--endpoint", system.endpoint]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        return (done.stdout if "ExecutionSucceeded" in done.stdout else None), done.stdout + done.stderr

    told = until("the end is in the log", look)
    lines = [json.loads(line[line.index("{") :]) for line in told.splitlines() if '"execution_arn"' in line]
    lines = [line for line in lines if line["execution_arn"] == answer["executionArn"]]
    kinds = ["ExecutionStarted", "WaitStateEntered", "WaitStateExited", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    assert [line["type"] for line in lines] == kinds
    assert json.loads(lines[0]["details"]["input"]) == {"secret": 1}
    assert json.loads(lines[-1]["details"]["output"]) == {"said": "hello"}


def test_a_machine_runs_another(states):
    arn = start(states, "one", {"n": 4}, machine=ORDERS.replace("orders", "parent"))
    shown = ended(states, arn)
    assert shown.get("output") == "8", shown


def test_refusals_have_the_names_of_aws(states):
    nobody = ORDERS.replace("orders", "nobody")
    assert refusal(states.start_execution, stateMachineArn=nobody, input="{}") == "StateMachineDoesNotExist"
    assert refusal(states.describe_state_machine, stateMachineArn="orders") == "InvalidArn"
    missing = "arn:aws:states:us-east-1:000000000000:execution:orders:nobody"
    assert refusal(states.describe_execution, executionArn=missing) == "ExecutionDoesNotExist"
    assert refusal(states.start_execution, stateMachineArn=ORDERS, input="{") == "InvalidExecutionInput"
    assert refusal(states.start_execution, stateMachineArn=ORDERS, name="a b", input="{}") == "InvalidName"
    arn = start(states, "twice", {"order": {"amount": -1, "items": []}})
    ended(states, arn)
    again = {"stateMachineArn": ORDERS, "name": "twice"}
    assert refusal(states.start_execution, **again, input="{}") == "ExecutionAlreadyExists"
    assert states.list_map_runs(executionArn=arn)["mapRuns"] == []


def test_an_execution_survives_its_server(tmp_path):
    """The server is killed while the token is open; another one goes on."""
    with pytest.raises(AssertionError, match="did not survive"):
        with up("state-machines", tmp_path) as system:
            arn = start(client(system), "kept", {"order": {"amount": 500, "items": ["a"]}})
            token = until("the token is told", lambda: (system.recorded("kept"), None))[0]
            os.kill(system.ready["pid"], signal.SIGKILL)
            # Until it can be waited for; it still is, by whoever started it.
            until("it is dead", lambda: (has_ended(system.ready["pid"]), None))
    (tmp_path / "ready.json").unlink()
    with up("state-machines", tmp_path) as system:
        states = client(system)
        states.send_task_success(taskToken=token, output='"yes"')
        shown = ended(states, arn)
        output = json.loads(shown["output"])
        assert (output["answer"], output["packed"]) == ("yes", [{"packed": "a"}])


def post(url, body, **headers):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def test_an_api_starts_a_machine_which_uses_a_table_and_starts_another(system, states):
    url = f"{system.ready['rest_apis']['ServerlessRestApi']}/keep"
    given = {"id": "o'1 \u00e4/", "n": 20}
    status, answer = post(url, given)
    assert status == 200, answer
    arn = answer["executionArn"]
    assert arn.startswith("arn:aws:states:us-east-1:000000000000:execution:keeper:")
    output = json.loads(ended(states, arn)["output"])
    assert output["id"] == given["id"]
    assert output["updated"]["Attributes"] == {"n": {"N": "21"}}
    assert output["found"] == {"n": "21"}
    started = output["started"]["ExecutionArn"]
    assert ended(states, started)["output"] == "40"
    kinds = [event["type"] for event in events(states, arn) if event["type"].startswith("Task")]
    one = ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited"]
    assert kinds == one * 4
    # The same once more: the condition fails, and is caught by its name.
    again = ended(states, post(url, given)[1]["executionArn"])
    assert "Error" in json.loads(again["output"])["error"]


def test_an_http_api_starts_a_machine(system, states):
    url = system.ready["http_apis"]["Front"]
    status, answer = post(f"{url}/start", {"n": 3}, **{"x-name": "by-api"})
    assert (status, answer["executionArn"].rsplit(":", 1)[1]) == (200, "by-api")
    assert ended(states, answer["executionArn"])["output"] == "6"
    status, answer = post(f"{url}/run", {"n": 4})
    assert (status, answer["status"], answer["output"]) == (200, "SUCCEEDED", "8")
    status, answer = post(f"{url}/start", {"n": 3}, **{"x-name": "not a name"})
    assert (status, answer["__type"]) == (400, "InvalidName")


def test_a_schedule_starts_a_machine(states):
    ticks = ORDERS.replace("orders", "ticks")

    first = until("the minute is over", lambda: (states.list_executions(stateMachineArn=ticks)["executions"], None))[-1]
    assert json.loads(ended(states, first["executionArn"])["input"]) == {"by": "schedule"}


def test_an_execution_that_failed_goes_on_where_it_failed(states, tmp_path):
    function = "arn:aws:lambda:us-east-1:000000000000:function:state-machines-Charge"
    last = {"who.$": "$who", "times.$": "$$.Execution.RedriveCount", "name.$": "$$.Execution.Name", "charge.$": "$.charge"}
    steps = {
        "Prepare": {"Type": "Pass", "Assign": {"who": "Ada"}, "Next": "Charge"},
        "Charge": {"Type": "Task", "Resource": function, "ResultPath": "$.charge", "Next": "Last"},
        "Last": {"Type": "Pass", "Parameters": last, "End": True},
    }
    create = {"name": "redriven", "definition": json.dumps({"StartAt": "Prepare", "States": steps}), "roleArn": ROLE}
    machine = states.create_state_machine(**create)["stateMachineArn"]
    # It fails once, for a reason that goes away.
    arn = start(states, "once", {"amount": 5, "busy": str(tmp_path / "busy")}, machine)
    shown = ended(states, arn)
    assert (shown["status"], shown["redriveStatus"], shown["redriveCount"]) == ("FAILED", "REDRIVABLE", 0)
    begun = shown["startDate"]
    # The revision stays the same, whatever the machine is by now.
    states.update_state_machine(stateMachineArn=machine, definition=definition("other"))
    redriven = states.redrive_execution(executionArn=arn, clientToken="mine")
    assert states.redrive_execution(executionArn=arn, clientToken="mine") == {**redriven, "ResponseMetadata": ANY}
    shown = ended(states, arn)
    assert (shown["status"], shown["redriveCount"], shown["startDate"]) == ("SUCCEEDED", 1, begun), shown
    assert shown["redriveDate"] == redriven["redriveDate"] and shown["redriveStatus"] == "NOT_REDRIVABLE"
    assert json.loads(shown["output"]) == {"who": "Ada", "times": 1, "name": "once", "charge": {"amount": 5}}
    assert json.loads(shown["input"])["amount"] == 5
    kinds = [event["type"] for event in events(states, arn)]
    assert kinds.count("ExecutionStarted") == kinds.count("ExecutionRedriven") == kinds.count("ExecutionFailed") == 1
    after = kinds[kinds.index("ExecutionRedriven") :]
    assert after[1] == "TaskStateEntered" and "LambdaFunctionSucceeded" in after and after[-1] == "ExecutionSucceeded"
    assert [event["id"] for event in events(states, arn)] == list(range(1, len(kinds) + 1))
    listed = states.list_executions(stateMachineArn=machine)["executions"]
    assert [(it["name"], it["status"], it["redriveCount"]) for it in listed] == [("once", "SUCCEEDED", 1)]
    assert states.list_executions(stateMachineArn=machine, statusFilter="FAILED")["executions"] == []
    assert refusal(states.redrive_execution, executionArn=arn) == "ExecutionNotRedrivable"
    assert refusal(states.redrive_execution, executionArn=f"{arn}x") == "ExecutionDoesNotExist"


def test_an_execution_that_was_stopped_goes_on_more_than_once(states):
    create = {"name": "stopped-twice", "definition": definition("at last", wait=True), "roleArn": ROLE}
    machine = states.create_state_machine(**create)["stateMachineArn"]
    arn = start(states, "long", {"seconds": 600}, machine)
    for time in range(3):
        until("it waits", lambda: ([it for it in events(states, arn) if it["type"] == "WaitStateEntered"][time:], time))
        states.stop_execution(executionArn=arn, error="Enough")
        shown = ended(states, arn)
        assert (shown["status"], shown["redriveCount"]) == ("ABORTED", time)
        if time < 2:
            states.redrive_execution(executionArn=arn)
            assert states.describe_execution(executionArn=arn)["status"] == "RUNNING"
            running = states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
            assert [it["name"] for it in running] == ["long"]


def has_ended(pid):
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def test_the_client_for_javascript(system, tmp_path):
    """The tests in `state-machines/client`, by Node's own test runner; npm installs what their lock names."""
    tests = tmp_path / "tests"
    shutil.copytree(HERE / "state-machines/client", tests, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=tests, check=True, capture_output=True)
    environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": system.endpoint}
    command = ["node", "--test", "client.test.mjs"]
    done = subprocess.run(
        command, cwd=tests, env=environment, capture_output=True, text=True, timeout=4 * PATIENCE_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 4" in done.stdout, done.stdout


def test_the_aws_cli(system, tmp_path):
    """What AWS's documentation of `aws stepfunctions` walks through, from the machine's creation to its end."""
    # `StartSyncExecution` and `TestState` would be sent to `sync-127.0.0.1` otherwise.
    environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": system.endpoint, "AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}

    def aws(*arguments):
        command = ["aws", "stepfunctions", *arguments, "--output", "json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, env=environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    role = "arn:aws:iam::000000000000:role/any"
    definition = tmp_path / "greet.asl.json"
    text = {"QueryLanguage": "JSONata", "StartAt": "Greet", "States": {"Greet": {"Type": "Pass", "End": True}}}
    text["States"]["Greet"]["Output"] = "{% 'Hello, ' & $states.input.who %}"
    definition.write_text(json.dumps(text))
    validated = aws("validate-state-machine-definition", "--definition", f"file://{definition}")
    assert (validated["result"], validated["diagnostics"]) == ("OK", [])
    made = ["--name", "greeter", "--definition", f"file://{definition}", "--role-arn", role, "--tags", "key=team,value=cli"]
    machine = aws("create-state-machine", *made)["stateMachineArn"]
    assert machine in [it["stateMachineArn"] for it in aws("list-state-machines")["stateMachines"]]
    assert aws("describe-state-machine", "--state-machine-arn", machine)["status"] == "ACTIVE"
    assert aws("list-tags-for-resource", "--resource-arn", machine)["tags"] == [{"key": "team", "value": "cli"}]
    version = aws("publish-state-machine-version", "--state-machine-arn", machine)["stateMachineVersionArn"]
    routes = json.dumps([{"stateMachineVersionArn": version, "weight": 100}])
    alias = aws("create-state-machine-alias", "--name", "prod", "--routing-configuration", routes)
    started = ["--state-machine-arn", alias["stateMachineAliasArn"], "--name", "first", "--input", '{"who": "Ada"}']
    arn = aws("start-execution", *started)["executionArn"]

    def over():
        shown = aws("describe-execution", "--execution-arn", arn)
        return (shown if shown["status"] != "RUNNING" else None), shown

    shown = until("it is over", over)
    assert (shown["status"], json.loads(shown["output"])) == ("SUCCEEDED", "Hello, Ada")
    history = aws("get-execution-history", "--execution-arn", arn, "--reverse-order")["events"]
    assert [event["type"] for event in history] == [
        "ExecutionSucceeded",
        "PassStateExited",
        "PassStateEntered",
        "ExecutionStarted",
    ]
    listed = aws("list-executions", "--state-machine-arn", machine, "--status-filter", "SUCCEEDED")["executions"]
    assert [it["name"] for it in listed] == ["first"]
    aws("delete-state-machine", "--state-machine-arn", machine)

    # What a state does, and an Express machine, whose operations have a host of their own on AWS.
    tested = aws("test-state", "--definition", json.dumps(text["States"]["Greet"] | {"QueryLanguage": "JSONata"}), "--input", '{"who": "Bo"}')
    assert (tested["status"], json.loads(tested["output"])) == ("SUCCEEDED", "Hello, Bo")
    made[1] = "greets-at-once"
    express = aws("create-state-machine", *made, "--type", "EXPRESS")["stateMachineArn"]
    answer = aws("start-sync-execution", "--state-machine-arn", express, "--input", '{"who": "Cy"}')
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", "Hello, Cy")

    # A task token and an activity, and executions that are stopped and redriven.
    activity = aws("create-activity", "--name", "by-cli")["activityArn"]
    work = {"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": activity, "End": True}}}
    definition.write_text(json.dumps(work))
    made[1] = "works"
    machine = aws("create-state-machine", *made)["stateMachineArn"]
    start = ["start-execution", "--state-machine-arn", machine, "--input", '{"n": 1}', "--name"]
    arn = aws(*start, "stopped")["executionArn"]
    task = aws("get-activity-task", "--activity-arn", activity, "--worker-name", "cli")
    assert json.loads(task["input"]) == {"n": 1}
    aws("send-task-heartbeat", "--task-token", task["taskToken"])
    aws("stop-execution", "--execution-arn", arn, "--error", "Enough", "--cause", "no need")
    shown = until("it is stopped", over)
    assert (shown["status"], shown["error"], shown["redriveStatus"]) == ("ABORTED", "Enough", "REDRIVABLE")
    aws("redrive-execution", "--execution-arn", arn)
    task = aws("get-activity-task", "--activity-arn", activity)
    aws("send-task-success", "--task-token", task["taskToken"], "--task-output", '{"n": 2}')
    shown = until("it is over", over)
    assert (shown["status"], json.loads(shown["output"]), shown["redriveCount"]) == ("SUCCEEDED", {"n": 2}, 1)
    arn = aws(*start, "refused")["executionArn"]
    task = aws("get-activity-task", "--activity-arn", activity)
    aws("send-task-failure", "--task-token", task["taskToken"], "--error", "Own", "--cause", "because")
    shown = until("it is over", over)
    assert (shown["status"], shown["error"], shown["cause"]) == ("FAILED", "Own", "because")
    aws("delete-activity", "--activity-arn", activity)
