"""State machines that call AWS's services which are not here: at an emulator, or refused by name."""

import json
import urllib.request

import boto3
import pytest
from emulator import ministack
from machines import ORDERS, ROLE, client, definition, ended, events, kinds, made, refusal, start
from system import until, up

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A stack beside an emulator, and clients of the emulator by service."""
    scratch = tmp_path_factory.mktemp("machine-services")
    with ministack(scratch) as url:
        service = lambda name: boto3.client(name, endpoint_url=url, **KEYS)
        objects = service("s3")
        objects.create_bucket(Bucket="orders")
        objects.put_object(Bucket="orders", Key="rows.csv", Body="name;price\nnut;1\nbolt;2\n")
        objects.put_object(Bucket="orders", Key="nested.json", Body='{"shop": {"orders": [{"id": 1}, {"id": 2}]}}')
        for number in range(3):
            objects.put_object(Bucket="orders", Key=f"many/{number}", Body="x" * number)
        with up("machine-services", scratch / "system", "--aws-endpoint", url) as system:
            yield system, service


@pytest.fixture(scope="module")
def nested_system(tmp_path_factory):
    """A stack without anybody else, for what is here."""
    with up("state-machines", tmp_path_factory.mktemp("nested"), "--stack", "machines") as system:
        yield system


def output(states, machine, name, given):
    shown = ended(states, start(states, name, given, MACHINE + machine))
    assert shown["status"] == "SUCCEEDED", shown
    return json.loads(shown["output"])


def received(queues):
    """The body of the next message of the only queue."""
    (queue,) = queues.list_queues()["QueueUrls"]
    (message,) = queues.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    queues.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return json.loads(message["Body"])


def test_each_protocol_is_spoken(elsewhere):
    system, service = elsewhere
    states = client(system)
    done = output(states, "calls", "each", {"order": "o-7"})
    assert received(service("sqs")) == {"order": "o-7"}
    assert done["sent"]["MessageId"] and done["sent"]["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert done["published"]["MessageId"]
    assert done["announced"]["FailedEntryCount"] == 0
    assert done["secret"] == {"value": "open"}
    assert done["kept"]["ETag"]
    assert done["listed"] == {"keys": ["kept/o-7.json"], "count": 1}
    assert done["read"] == {"body": {"order": "o-7"}}
    assert done["lost"]["Error"] == "S3.NoSuchKeyException"
    assert "(Service: S3, Status Code: 404" in done["lost"]["Cause"]
    assert done["missed"]["Error"] == "SQS.QueueDoesNotExistException"


def test_a_message_has_the_token(elsewhere):
    system, service = elsewhere
    states = client(system)
    arn = start(states, "asked", {}, MACHINE + "ask")
    token = received(service("sqs"))["token"]
    # The message is there before the server knows that it was sent.
    until("it is submitted", lambda: ("TaskSubmitted" in kinds(states, arn), kinds(states, arn)))
    states.send_task_success(taskToken=token, output='{"approved": true}')
    assert json.loads(ended(states, arn)["output"]) == {"answer": {"approved": True}}
    told = kinds(states, arn)
    assert told[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"], told


def test_items_are_read_from_a_bucket(elsewhere):
    system, _ = elsewhere
    done = output(client(system), "files", "read", {})
    assert done["rows"] == [{"name": "nut", "price": "1"}, {"name": "bolt", "price": "2"}]
    assert done["nested"] == [{"id": 1}, {"id": 2}]
    assert done["objects"] == [{"key": f"many/{number}", "size": number} for number in range(3)]


# Fails with items above 10; what goes well is a list.
CHECK = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "Look",
    "States": {
        "Look": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 10, "Next": "No"}], "Default": "Yes"},
        "No": {"Type": "Fail", "Error": "TooMuch", "Cause": "above 10"},
        "Yes": {"Type": "Pass", "Parameters": {"list.$": "States.Array($.n, 'done')"}, "OutputPath": "$.list", "End": True},
    },
}
TO_BUCKET = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "orders", "Prefix.$": "$.prefix"}}


def each(writer, **more):
    """A machine whose Map state hands its results on."""
    one = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": CHECK, "ResultWriter": writer, "End": True, **more}
    return {"StartAt": "Each", "States": {"Each": one}}


def written(service, output):
    """The manifest of a run, and its files by their groups, as JSON."""
    details = output["ResultWriterDetails"]
    text = lambda key: service("s3").get_object(Bucket=details["Bucket"], Key=key)["Body"].read().decode()
    manifest = json.loads(text(details["Key"]))
    files = {}
    for group, listed in manifest["ResultFiles"].items():
        for file in listed:
            content = text(file["Key"])
            assert len(content) == file["Size"]
            lines = file["Key"].endswith(".jsonl")
            files[group] = [json.loads(it) for it in content.splitlines()] if lines else json.loads(content)
    return manifest, files


def test_results_are_written_to_a_bucket(elsewhere):
    system, service = elsewhere
    states = client(system)
    machine = made(states, "written", each(TO_BUCKET, Label="Each", ToleratedFailureCount=1))
    arn = start(states, "one", {"prefix": "out/", "items": [{"n": 1}, {"n": 30}, {"n": 2}]}, machine)
    shown = ended(states, arn)
    assert shown["status"] == "SUCCEEDED", shown
    (run,) = states.list_map_runs(executionArn=arn)["mapRuns"]
    key = f"out/{run['mapRunArn'].split(':')[-1]}/"
    details = {"Bucket": "orders", "Key": f"{key}manifest.json"}
    result = json.loads(shown["output"])
    assert result == {"MapRunArn": run["mapRunArn"], "ResultWriterDetails": details}
    manifest, files = written(service, result)
    assert (manifest["DestinationBucket"], manifest["MapRunArn"]) == ("orders", run["mapRunArn"])
    assert [it["Key"] for it in manifest["ResultFiles"]["SUCCEEDED"]] == [f"{key}SUCCEEDED_0.json"]
    assert [it["Key"] for it in manifest["ResultFiles"]["FAILED"]] == [f"{key}FAILED_0.json"]
    assert manifest["ResultFiles"]["PENDING"] == []
    assert [json.loads(it["Input"])["n"] for it in files["SUCCEEDED"]] == [1, 2]
    assert [json.loads(it["Output"]) for it in files["SUCCEEDED"]] == [[1, "done"], [2, "done"]]
    for it in files["SUCCEEDED"] + files["FAILED"]:
        child = states.describe_execution(executionArn=it["ExecutionArn"])
        told = {"Name": "name", "Status": "status", "Input": "input", "Output": "output", "Error": "error", "Cause": "cause"}
        for name, same in told.items():
            assert it.get(name) == child.get(same), (name, it, child)
        assert it["StateMachineArn"] == f"{machine}/Each"
        assert (it["InputDetails"], it["RedriveCount"]) == ({"Included": True}, 0)
        assert it["RedriveStatus"] == child["redriveStatus"]
        assert it["StartDate"].endswith("Z") and it["StartDate"] <= it["StopDate"]
    told = states.describe_map_run(mapRunArn=run["mapRunArn"])
    assert (told["status"], told["itemCounts"]["resultsWritten"]) == ("SUCCEEDED", 3)
    assert kinds(states, arn)[3:] == ["MapRunStarted", "MapRunSucceeded", "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded"]


def test_results_are_kept_as_the_writer_says(elsewhere):
    system, service = elsewhere
    states = client(system)
    given = {"prefix": "", "items": [{"n": 1}, {"n": 2}, {"n": 30}]}

    def results(name, writer):
        machine = made(states, name, each(writer, ToleratedFailurePercentage=50))
        return json.loads(ended(states, start(states, "one", given, machine))["output"])

    config = lambda transformation, kind: {"WriterConfig": {"Transformation": transformation, "OutputType": kind}}
    result = results("flat-lines", TO_BUCKET | config("FLATTEN", "JSONL"))
    assert result["ResultWriterDetails"]["Key"] == f"{result['MapRunArn'].split(':')[-1]}/manifest.json"
    _, files = written(service, result)
    assert files["SUCCEEDED"] == [1, "done", 2, "done"]
    # What failed is told whole.
    assert [(it["Status"], it["Error"]) for it in files["FAILED"]] == [("FAILED", "TooMuch")]
    _, files = written(service, results("compact", TO_BUCKET | config("COMPACT", "JSON")))
    assert files["SUCCEEDED"] == [[1, "done"], [2, "done"]]
    first, second, failed = results("shown", config("COMPACT", "JSON"))
    assert (first, second, failed["Error"]) == ([1, "done"], [2, "done"], "TooMuch")
    lines = results("lines", config("NONE", "JSONL")).splitlines()
    assert [json.loads(it)["Status"] for it in lines] == ["SUCCEEDED", "SUCCEEDED", "FAILED"]


def test_what_was_done_until_a_run_failed_is_written_too(elsewhere):
    system, service = elsewhere
    states = client(system)
    machine = made(states, "exceeded", each(TO_BUCKET, MaxConcurrency=1))
    arn = start(states, "one", {"prefix": "exceeded", "items": [{"n": 1}, {"n": 30}, {"n": 2}]}, machine)
    assert ended(states, arn)["error"] == "States.ExceedToleratedFailureThreshold"
    assert kinds(states, arn)[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    (run,) = states.list_map_runs(executionArn=arn)["mapRuns"]
    key = f"exceeded/{run['mapRunArn'].split(':')[-1]}/manifest.json"
    _, files = written(service, {"ResultWriterDetails": {"Bucket": "orders", "Key": key}})
    assert [it["Status"] for it in files["SUCCEEDED"] + files["FAILED"]] == ["SUCCEEDED", "FAILED"]
    pending = {"Input": '{"n":2}', "InputDetails": {"Included": True}, "Status": "PENDING"}
    assert files["PENDING"] == [pending]


def test_a_run_whose_results_cannot_be_written_fails(elsewhere):
    system, _ = elsewhere
    states = client(system)
    lost = {"Resource": TO_BUCKET["Resource"], "Parameters": {"Bucket": "nowhere"}}
    caught = {"ErrorEquals": ["States.ResultWriterFailed"], "ResultPath": "$.error", "Next": "Caught"}
    machine = each(lost, Catch=[caught])
    machine["States"]["Caught"] = {"Type": "Pass", "OutputPath": "$.error", "End": True}
    arn = start(states, "one", {"items": [{"n": 1}]}, made(states, "lost", machine))
    error = json.loads(ended(states, arn)["output"])
    assert error["Error"] == "States.ResultWriterFailed" and "(Service: S3, Status Code: 404" in error["Cause"], error
    assert kinds(states, arn)[4:7] == ["MapRunFailed", "MapStateFailed", "MapStateExited"]
    (run,) = states.list_map_runs(executionArn=arn)["mapRuns"]
    assert states.describe_map_run(mapRunArn=run["mapRunArn"])["status"] == "FAILED"


def test_what_nothing_stands_for_is_left_out_by_name(elsewhere):
    system, _ = elsewhere
    reason = system.ready["left_out"]["wrong"]
    assert "`arn:aws:states:::http:invoke`" in reason and "let a function do it" in reason, reason


def test_without_an_emulator_a_state_fails_and_says_what_to_do(tmp_path):
    with up("machine-services", tmp_path) as system:
        assert set(system.ready["left_out"]) == {"wrong"}
        states = client(system)
        machines = {it["name"]: it["stateMachineArn"] for it in states.list_state_machines()["stateMachines"]}
        fails = {"ask": ("Amazon SQS", "SQS.AmazonSQSException"), "files": ("Amazon S3", "States.ItemReaderFailed")}
        for name, (service, error) in fails.items():
            failed = ended(states, start(states, "without", {}, machines[name]))
            assert failed["error"] == error
            assert failed["cause"].startswith(f"{service} is not served here: start `lambdura up` with `--aws-endpoint URL`")
        # What is made now can be told at once.
        task = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": {}, "End": True}
        machine = {"name": "m", "definition": json.dumps({"StartAt": "A", "States": {"A": task}}), "roleArn": ROLE}
        assert refusal(states.create_state_machine, **machine) == "InvalidDefinition"
        # The template's own secrets are answered for here.
        secret = {**task, "Resource": "arn:aws:states:::aws-sdk:secretsmanager:getSecretValue"}
        secret |= {"Parameters": {"SecretId": "password"}, "OutputPath": "$.SecretString"}
        arn = made(states, "secret", {"StartAt": "A", "States": {"A": secret}})
        assert json.loads(ended(states, start(states, "one", {}, arn))["output"]) == "open"


def nested(states, pattern, **parameters):
    """A machine whose only state runs another one."""
    resource = f"arn:aws:states:::states:startExecution{pattern}"
    task = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}
    count = len(states.list_state_machines()["stateMachines"])
    return made(states, f"nested-{count}", {"StartAt": "Run", "States": {"Run": task}})


def test_another_machine_is_run_by_version_and_name_and_told_whole(nested_system):
    states = client(nested_system)
    child = made(states, "child", json.loads(definition("first")))
    first = states.publish_state_machine_version(stateMachineArn=child)["stateMachineVersionArn"]
    states.update_state_machine(stateMachineArn=child, definition=definition("second"))
    parent = nested(states, ".sync:2", StateMachineArn=first, Input={"a": 1}, Name="by-name")
    arn = start(states, "one", {}, parent)
    result = json.loads(ended(states, arn)["output"])
    assert result["Output"] == {"a": 1, "said": "first"} and result["Input"] == {"a": 1}
    assert result["ExecutionArn"] == child.replace("stateMachine", "execution") + ":by-name"
    assert (result["Name"], result["Status"], result["StateMachineArn"]) == ("by-name", "SUCCEEDED", child)
    assert 0 <= result["StopDate"] - result["StartDate"] < 60_000
    told = events(states, arn)
    assert [it["type"] for it in told][2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert json.loads(told[5]["taskSucceededEventDetails"]["output"]) == result
    text = nested(states, ".sync", StateMachineArn=child, Input={})
    result = json.loads(ended(states, start(states, "two", {}, text))["output"])
    assert result["Output"] == '{"said":"second"}'
    # The name is taken.
    again = ended(states, start(states, "three", {}, parent))
    assert again["error"] == "StepFunctions.ExecutionAlreadyExistsException"


def test_a_nested_failure_is_told_as_the_state_sees_it(nested_system):
    states = client(nested_system)
    failing = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Lost", "Cause": "gone"}}}
    parent = nested(states, ".sync:2", StateMachineArn=made(states, "failing", failing))
    arn = start(states, "one", {}, parent)
    shown = ended(states, arn)
    cause = json.loads(shown["cause"])
    assert shown["error"] == "States.TaskFailed"
    assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "Lost", "gone")
    (failed,) = [it for it in events(states, arn) if it["type"] == "TaskFailed"]
    assert failed["taskFailedEventDetails"]["error"] == "States.TaskFailed"


def test_who_is_waited_for_is_stopped_with_its_parent_or_its_time(nested_system):
    states = client(nested_system)
    waiting = made(states, "waiting", {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 3600, "End": True}}})
    child = waiting.replace("stateMachine", "execution")
    status = lambda name: states.describe_execution(executionArn=f"{child}:{name}")["status"]
    parent = start(states, "one", {}, nested(states, ".sync", StateMachineArn=waiting, Name="stopped"))

    def waits():
        told = kinds(states, parent)
        return "TaskSubmitted" in told, told

    until("the child runs", waits)
    states.stop_execution(executionArn=parent)
    assert status("stopped") == "ABORTED"
    task = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "TimeoutSeconds": 3, "End": True}
    task["Parameters"] = {"StateMachineArn": waiting, "Name": "late"}
    late = start(states, "two", {}, made(states, "late", {"StartAt": "A", "States": {"A": task}}))
    assert ended(states, late)["error"] == "States.Timeout"
    assert status("late") == "ABORTED"
    assert "TaskTimedOut" in kinds(states, late)


def waiting_machine(states, name):
    """A machine that waits for an hour, and how its executions of a name stand."""
    arn = made(states, name, {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 3600, "End": True}}})
    child = arn.replace("stateMachine", "execution")
    status = lambda name: states.describe_execution(executionArn=f"{child}:{name}")["status"]
    return arn, status


def test_who_is_waited_for_is_stopped_when_its_parent_takes_too_long(nested_system):
    states = client(nested_system)
    waiting, status = waiting_machine(states, "outlives")
    task = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True}
    task["Parameters"] = {"StateMachineArn": waiting, "Name": "outlived"}
    machine = {"StartAt": "A", "States": {"A": task}, "TimeoutSeconds": 3}
    parent = start(states, "one", {}, made(states, "in-a-hurry", machine))
    assert ended(states, parent)["status"] == "TIMED_OUT"
    until("the child is stopped", lambda: (status("outlived") == "ABORTED", status("outlived")))


def test_who_is_waited_for_is_stopped_when_another_branch_fails(nested_system):
    states = client(nested_system)
    waiting, status = waiting_machine(states, "left")
    gate = states.create_activity(name="gate")["activityArn"]
    task = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True}
    task["Parameters"] = {"StateMachineArn": waiting, "Name": "behind"}
    branches = [
        {"StartAt": "Run", "States": {"Run": task}},
        {"StartAt": "Gate", "States": {"Gate": {"Type": "Task", "Resource": gate, "End": True}}},
    ]
    both = {"Type": "Parallel", "Branches": branches, "Next": "On", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "On"}]}
    on = {"Type": "Wait", "Seconds": 3600, "End": True}
    parent = start(states, "one", {}, made(states, "both", {"StartAt": "Both", "States": {"Both": both, "On": on}}))

    def runs():
        told = kinds(states, parent)
        return "TaskSubmitted" in told, told

    until("the child runs", runs)
    taken = states.get_activity_task(activityArn=gate)
    states.send_task_failure(taskToken=taken["taskToken"], error="No")
    until("the child is stopped", lambda: (status("behind") == "ABORTED", status("behind")))
    # It was caught, and the parent goes on.
    assert states.describe_execution(executionArn=parent)["status"] == "RUNNING"
    states.stop_execution(executionArn=parent)


def test_items_of_a_run_that_failed_are_stopped(nested_system):
    states = client(nested_system)
    look = {"Type": "Choice", "Choices": [{"Variable": "$.fails", "BooleanEquals": True, "Next": "Gate"}], "Default": "Wait"}
    gate = states.create_activity(name="item-gate")["activityArn"]
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Look",
        "States": {
            "Look": look,
            "Gate": {"Type": "Task", "Resource": gate, "End": True},
            "Wait": {"Type": "Wait", "Seconds": 3600, "End": True},
        },
    }
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True}
    machine = made(states, "half", {"StartAt": "Each", "States": {"Each": each}})
    parent = start(states, "one", {"items": [{"fails": False}, {"fails": True}]}, machine)

    def children():
        runs = states.list_map_runs(executionArn=parent)["mapRuns"]
        found = [states.list_executions(mapRunArn=it["mapRunArn"])["executions"] for it in runs]
        statuses = [states.describe_execution(executionArn=it["executionArn"])["status"] for it in sum(found, [])]
        return statuses

    until("both items are worked on", lambda: (children() == ["RUNNING", "RUNNING"], children()))
    taken = states.get_activity_task(activityArn=gate)
    states.send_task_failure(taskToken=taken["taskToken"], error="No")
    assert ended(states, parent)["status"] == "FAILED"
    until("the other is stopped", lambda: (sorted(children()) == ["ABORTED", "FAILED"], children()))


def test_what_a_nested_execution_costs_is_its_parents(nested_system):
    states = client(nested_system)
    child = made(states, "paid", {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    parent = nested(states, ".sync:2", StateMachineArn=child, Name="paid-too")
    assert ended(states, start(states, "one", {}, parent))["status"] == "SUCCEEDED"

    def transitions(machine, name):
        query = f"/lambdura/v1/executions/cost?function={machine.split(':')[-1]}&name={name}"
        with urllib.request.urlopen(nested_system.endpoint + query, timeout=30) as answer:
            return json.load(answer)["usage"]["transitions"]

    # Both have one state.
    assert transitions(parent, "one") == 2 * transitions(child, "paid-too")
    told = json.loads(nested_system.command("cost", "one", "--function", parent.split(":")[-1]))
    assert told["usage"]["transitions"] == transitions(parent, "one"), told


def test_a_nested_execution_is_told_the_token(nested_system):
    states = client(nested_system)
    echo = made(states, "echo", {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    parent = nested(states, ".waitForTaskToken", StateMachineArn=echo, **{"Input": {"token.$": "$$.Task.Token"}})
    arn = start(states, "one", {}, parent)

    def token():
        found = states.list_executions(stateMachineArn=echo)["executions"]
        shown = found and states.describe_execution(executionArn=found[0]["executionArn"])
        return (json.loads(shown["output"])["token"] if shown and "output" in shown else None), found

    states.send_task_success(taskToken=until("the child has the token", token), output='"done"')
    assert json.loads(ended(states, arn)["output"]) == "done"


def test_functions_are_invoked_as_parameters_say(nested_system):
    states, functions = client(nested_system), nested_system.client
    name = "machines-Charge"

    def invoked(execution, **parameters):
        task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
        task["Parameters"] = {"FunctionName": name, **parameters}
        machine = made(states, f"invoke-{execution}", {"StartAt": "A", "States": {"A": task}})
        return ended(states, start(states, execution, {}, machine))

    whole = json.loads(invoked("whole", Payload={"amount": 5})["output"])
    assert whole["Payload"] == {"amount": 5} and (whole["StatusCode"], whole["ExecutedVersion"]) == (200, "$LATEST")
    assert whole["SdkHttpMetadata"]["HttpStatusCode"] == 200 and "RequestId" in whole["SdkResponseMetadata"]
    assert invoked("lost", Payload={}, Qualifier="nowhere")["error"] == "Lambda.ResourceNotFoundException"
    version = functions.publish_version(FunctionName=name)["Version"]
    published = json.loads(invoked("version", Payload={"amount": 6}, Qualifier=version)["output"])
    assert (published["ExecutedVersion"], published["Payload"]) == (version, {"amount": 6})
    unawaited = json.loads(invoked("event", Payload={"amount": 7}, InvocationType="Event")["output"])
    assert unawaited["StatusCode"] == 202 and unawaited["SdkHttpMetadata"]["HttpStatusCode"] == 202
    # Without a payload the function gets an object, which has no amount.
    assert invoked("empty")["error"] == "KeyError"
    wrong = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
    wrong["Parameters"] = {"FunctionName": name, "Payloud": {}}
    machine = {"name": "m", "definition": json.dumps({"StartAt": "A", "States": {"A": wrong}}), "roleArn": ROLE}
    assert refusal(states.create_state_machine, **machine) == "InvalidDefinition"


def test_what_is_here_is_called_by_the_integrations_with_the_sdk_too(nested_system):
    states = client(nested_system)

    def sdk(action, **parameters):
        task = {"Type": "Task", "Resource": f"arn:aws:states:::aws-sdk:{action}", "Parameters": parameters}
        return task | {"ResultPath": f"$.{action.split(':')[1]}"}

    steps = {
        "invoke": sdk("lambda:invoke", FunctionName="machines-Charge", Payload={"amount": 5}),
        "describeStateMachine": sdk("sfn:describeStateMachine", StateMachineArn=ORDERS),
        "getFunction": sdk("lambda:getFunction", FunctionName="nobody"),
    }
    names = list(steps)
    for name, after in zip(names, names[1:]):
        steps[name]["Next"] = after
    lost = {"ErrorEquals": ["Lambda.ResourceNotFoundException"], "ResultPath": "$.lost", "Next": "Z"}
    steps[names[-1]] |= {"End": True, "Catch": [lost]}
    machine = {"StartAt": names[0], "States": {**steps, "Z": {"Type": "Pass", "End": True}}}
    shown = ended(states, start(states, "one", {}, made(states, "here", machine)))
    assert shown["status"] == "SUCCEEDED", shown
    done = json.loads(shown["output"])
    assert done["invoke"]["StatusCode"] == 200 and json.loads(done["invoke"]["Payload"]) == {"amount": 5}
    about = done["describeStateMachine"]
    assert about["StateMachineArn"] == ORDERS and about["CreationDate"].endswith("Z"), about
    assert "(Service: Lambda, Status Code: 404" in done["lost"]["Cause"]
