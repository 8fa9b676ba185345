"""State machines, of a template and without one, through AWS's clients of Step Functions: boto3, the CLI, JavaScript's."""

import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from unittest.mock import ANY

import boto3
import botocore.config
import pytest
from botocore.exceptions import ClientError
from cluster import Postgres
from system import HERE, PATIENCE_SECONDS, until, up
from test_deploy import serving

# Any will do.
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with up("state-machines", tmp_path_factory.mktemp("state-machines")) as system:
        yield system


@pytest.fixture(scope="module")
def states(system):
    return client(system)


def client(system):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    # `StartSyncExecution` would be sent to `sync-127.0.0.1` otherwise.
    config = botocore.config.Config(inject_host_prefix=False)
    address = {"endpoint_url": system.endpoint, "region_name": "us-east-1"}
    return boto3.client("stepfunctions", **address, **keys, config=config)


ORDERS = "arn:aws:states:us-east-1:000000000000:stateMachine:orders"


def start(states, name, order, machine=ORDERS):
    return states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(order))["executionArn"]


def ended(states, arn):
    def look():
        shown = states.describe_execution(executionArn=arn)
        return (shown if shown["status"] != "RUNNING" else None), shown

    return until(f"{arn} has ended", look)


def refusal(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def events(states, arn, **arguments):
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn, **arguments)
    return [event for page in pages for event in page["events"]]


def test_machines_are_listed_and_described(states):
    machines = {it["name"]: it for it in states.list_state_machines()["stateMachines"]}
    assert set(machines) == {"orders", "quick", "parent", "keeper", "painted", "ticks"}
    assert machines["orders"]["stateMachineArn"] == ORDERS
    assert machines["quick"]["type"] == "EXPRESS"
    shown = states.describe_state_machine(stateMachineArn=ORDERS)
    definition = json.loads(shown["definition"])
    assert definition["States"]["Charge"]["Resource"].endswith(":function:state-machines-Charge")
    assert shown["status"] == "ACTIVE"


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


ROLE = "arn:aws:iam::000000000000:role/any"


def definition(word, wait=None):
    """Says a word; waits for a token of a function before, if it is told to."""
    states = {"Say": {"Type": "Pass", "Result": word, "ResultPath": "$.said", "End": True}}
    if wait:
        states["Wait"] = {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "Say"}
    return json.dumps({"Comment": f"says {word}", "StartAt": "Wait" if wait else "Say", "States": states})


def said(states, machine, name, given=None):
    shown = ended(states, start(states, name, given or {}, machine))
    assert shown["status"] == "SUCCEEDED", shown
    return json.loads(shown["output"])["said"]


def test_a_definition_is_validated(states):
    good = states.validate_state_machine_definition(definition=definition("one"))
    assert (good["result"], good["diagnostics"], good["truncated"]) == ("OK", [], False)
    wrong = json.dumps({"StartAt": "B", "States": {"A": {"Type": "Pass", "Next": "C"}}})
    bad = states.validate_state_machine_definition(definition=wrong)
    assert bad["result"] == "FAIL"
    places = {one["location"]: one["code"] for one in bad["diagnostics"] if one["severity"] == "ERROR"}
    assert places["/StartAt"] == places["/States/A/Next"] == "MISSING_TRANSITION_TARGET"
    one = states.validate_state_machine_definition(definition=wrong, maxResults=1)
    assert len(one["diagnostics"]) == 1 and one["truncated"]
    sns = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": True}
    sns = json.dumps({"StartAt": "A", "States": {"A": sns}})
    told = states.validate_state_machine_definition(definition=sns, severity="WARNING")
    assert told["result"] == "OK" and "sns:publish" in told["diagnostics"][0]["message"]
    create = {"name": "wrong", "roleArn": ROLE}
    assert refusal(states.create_state_machine, **create, definition=sns) == "InvalidDefinition"
    assert refusal(states.create_state_machine, **create, definition=wrong) == "InvalidDefinition"
    assert refusal(states.create_state_machine, **create, definition="{") == "InvalidDefinition"


def test_machines_are_made_without_any_template_and_survive_their_server(tmp_path):
    with serving(tmp_path / "serve") as server:
        states = client(server.system)
        assert states.list_state_machines()["stateMachines"] == []
        create = {"name": "speaker", "definition": definition("one"), "roleArn": ROLE}
        made = states.create_state_machine(**create, tags=[{"key": "team", "value": "a"}])
        machine = made["stateMachineArn"]
        assert machine == ORDERS.replace("orders", "speaker")
        # Asked again, it is the same; asked for another, it is refused.
        assert states.create_state_machine(**create)["creationDate"] == made["creationDate"]
        other = {**create, "definition": definition("two")}
        assert refusal(states.create_state_machine, **other) == "StateMachineAlreadyExists"
        shown = states.describe_state_machine(stateMachineArn=machine)
        assert json.loads(shown["definition"]) == json.loads(definition("one"))
        assert (shown["type"], shown["roleArn"], shown["status"]) == ("STANDARD", ROLE, "ACTIVE")
        assert said(states, machine, "first") == "one"

        # An execution that began before a change goes on as it was.
        states.update_state_machine(stateMachineArn=machine, definition=definition("before", wait=True))
        waiting = start(states, "waiting", {"seconds": 8}, machine)
        updated = states.update_state_machine(stateMachineArn=machine, definition=definition("two"))
        assert updated["revisionId"] != shown["revisionId"]
        assert said(states, machine, "second") == "two"
        runs_on = states.describe_state_machine_for_execution(executionArn=waiting)
        assert json.loads(runs_on["definition"])["Comment"] == "says before"
        server.kill()
        server.start()
        states = client(server.system)
        assert [it["name"] for it in states.list_state_machines()["stateMachines"]] == ["speaker"]
        assert said(states, machine, "third") == "two"
        assert json.loads(ended(states, waiting)["output"])["said"] == "before"
        assert [it["type"] for it in events(states, waiting)][1] == "WaitStateEntered"
        assert states.list_tags_for_resource(resourceArn=machine)["tags"] == [{"key": "team", "value": "a"}]

        states.delete_state_machine(stateMachineArn=machine)
        assert states.list_state_machines()["stateMachines"] == []
        assert refusal(states.describe_state_machine, stateMachineArn=machine) == "StateMachineDoesNotExist"
        states.delete_state_machine(stateMachineArn=machine)
        assert states.create_state_machine(**other)["stateMachineArn"] == machine
        assert said(states, machine, "again") == "two"


def test_a_machine_that_one_server_makes_is_known_to_the_other(tmp_path):
    """Two servers of a database."""
    folder = tmp_path / "postgres"
    folder.mkdir()
    postgres = Postgres(folder)
    try:
        store = ["--store", postgres.url]
        with serving(tmp_path / "one", *store) as one, serving(tmp_path / "two", *store) as two:
            here, there = client(one.system), client(two.system)
            create = {"name": "shared", "definition": definition("one"), "roleArn": ROLE, "publish": True}
            machine = here.create_state_machine(**create)["stateMachineArn"]

            def sees(states, word):
                def look():
                    try:
                        shown = states.describe_state_machine(stateMachineArn=machine)
                    except ClientError as refused:
                        return None, refused
                    return f"says {word}" in shown["definition"], shown

                return look

            until("the other server has it", sees(there, "one"))
            assert said(there, machine, "first") == "one"
            there.update_state_machine(stateMachineArn=machine, definition=definition("two"))
            until("the first server has what the second changed", sees(here, "two"))
            assert said(here, machine, "second") == "two"
            assert said(here, f"{machine}:1", "of-a-version") == "one"
            here.delete_state_machine(stateMachineArn=machine)
            until("it is gone everywhere", lambda: (there.list_state_machines()["stateMachines"] == [], None))
    finally:
        postgres.stop()


def test_machines_of_a_template_are_deployed_to_a_server(tmp_path, monkeypatch):
    monkeypatch.setenv("DEPLOY_BUILDS", str(tmp_path / "builds"))
    app = tmp_path / "shop"
    app.mkdir()

    def template(word):
        machine = {"Type": "AWS::Serverless::StateMachine", "Properties": {"Name": "shop", "Definition": json.loads(definition(word, wait=True))}}
        template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Shop": machine}}
        (app / "template.json").write_text(json.dumps(template))

    template("one")
    with serving(tmp_path / "serve") as server:
        server.deploy(app / "template.json")
        states, machine = client(server.system), ORDERS.replace("orders", "shop")
        waiting = start(states, "waiting", {"seconds": 8}, machine)
        template("two")
        server.deploy(app / "template.json")
        assert said(states, machine, "after", {"seconds": 0}) == "two"
        server.kill()
        server.start()
        states = client(server.system)
        assert json.loads(ended(states, waiting)["output"])["said"] == "one"
        assert said(states, machine, "later", {"seconds": 0}) == "two"
        (app / "template.json").write_text((app / "template.json").read_text().replace('"Next": "Say"', '"Next": "Lost"'))
        refused = server.run("deploy", str(app / "template.json"), "--yes", expect=1)
        assert "Lost" in refused.stderr, refused.stderr
        assert said(states, machine, "as-before", {"seconds": 0}) == "two"


def test_a_machine_that_is_deleted_lets_its_executions_end(tmp_path):
    with serving(tmp_path / "serve") as server:
        states = client(server.system)
        create = {"name": "slow", "definition": definition("late", wait=True), "roleArn": ROLE}
        machine = states.create_state_machine(**create)["stateMachineArn"]
        arn = start(states, "open", {"seconds": 600}, machine)
        states.delete_state_machine(stateMachineArn=machine)
        assert states.describe_state_machine(stateMachineArn=machine)["status"] == "DELETING"
        assert refusal(states.start_execution, stateMachineArn=machine) == "StateMachineDeleting"
        assert refusal(states.create_state_machine, **create) == "StateMachineDeleting"
        states.stop_execution(executionArn=arn)

        def gone():
            machines = states.list_state_machines()["stateMachines"]
            return not machines, machines

        until("the machine is gone", gone)


def test_versions_and_aliases_of_a_machine(states):
    create = {"name": "versioned", "definition": definition("one"), "roleArn": ROLE}
    made = states.create_state_machine(**create, publish=True, versionDescription="the first")
    machine, first = made["stateMachineArn"], made["stateMachineVersionArn"]
    assert first == f"{machine}:1"
    # Nothing has changed since.
    assert states.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"] == first
    # Revisions are no versions until they are published.
    states.update_state_machine(stateMachineArn=machine, definition=definition("between"))
    revision = states.update_state_machine(stateMachineArn=machine, definition=definition("two"))["revisionId"]
    publish = {"stateMachineArn": machine, "description": "the second"}
    assert refusal(states.publish_state_machine_version, **publish, revisionId="x") == "ConflictException"
    second = states.publish_state_machine_version(**publish, revisionId=revision)["stateMachineVersionArn"]
    assert second == f"{machine}:2"
    listed = states.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
    assert [it["stateMachineVersionArn"] for it in listed] == [second, first]
    shown = states.describe_state_machine(stateMachineArn=first)
    assert (json.loads(shown["definition"])["Comment"], shown["description"]) == ("says one", "the first")
    assert said(states, first, "of-version-1") == "one"
    of_version = machine.replace("stateMachine", "execution") + ":of-version-1"
    assert states.describe_execution(executionArn=of_version)["stateMachineVersionArn"] == first

    def routes(*pairs):
        return [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in pairs]

    alias = {"name": "prod", "description": "what customers get"}
    divided = routes((first, 50), (second, 50))
    assert refusal(states.create_state_machine_alias, **alias, routingConfiguration=divided[:1]) == "ValidationException"
    unknown = routes((f"{machine}:9", 100))
    assert refusal(states.create_state_machine_alias, **alias, routingConfiguration=unknown) == "ResourceNotFound"
    prod = states.create_state_machine_alias(**alias, routingConfiguration=divided)["stateMachineAliasArn"]
    assert prod == f"{machine}:prod"
    words = {said(states, prod, f"divided-{number}") for number in range(24)}
    assert words == {"one", "two"}
    assert refusal(states.delete_state_machine_version, stateMachineVersionArn=first) == "ConflictException"
    states.update_state_machine_alias(stateMachineAliasArn=prod, routingConfiguration=routes((second, 100)))
    shown = states.describe_state_machine_alias(stateMachineAliasArn=prod)
    assert shown["routingConfiguration"] == routes((second, 100))
    assert shown["description"] == "what customers get" and shown["updateDate"] >= shown["creationDate"]
    assert {said(states, prod, f"whole-{number}") for number in range(4)} == {"two"}
    # An alias may be called as the one that Lambda knows of every machine.
    live = states.create_state_machine_alias(name="live", routingConfiguration=routes((first, 100)))
    assert said(states, live["stateMachineAliasArn"], "live") == "one"
    assert said(states, machine, "unqualified") == "two"
    listed = states.list_state_machine_aliases(stateMachineArn=second)["stateMachineAliases"]
    assert [it["stateMachineAliasArn"] for it in listed] == [prod]
    states.delete_state_machine_alias(stateMachineAliasArn=live["stateMachineAliasArn"])
    states.delete_state_machine_version(stateMachineVersionArn=first)
    assert refusal(states.start_execution, stateMachineArn=first) == "StateMachineDoesNotExist"
    # Numbers are not used again.
    states.delete_state_machine_alias(stateMachineAliasArn=prod)
    states.delete_state_machine_version(stateMachineVersionArn=second)
    updated = states.update_state_machine(stateMachineArn=machine, roleArn=f"{ROLE}/other", publish=True)
    assert updated["stateMachineVersionArn"] == f"{machine}:3"
    assert states.describe_state_machine(stateMachineArn=machine)["roleArn"] == f"{ROLE}/other"
    assert refusal(states.update_state_machine, stateMachineArn=machine) == "MissingRequiredParameter"


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


def alone(states, definition, given=None, level="INFO", **more):
    return states.test_state(definition=json.dumps(definition), input=json.dumps(given or {}), inspectionLevel=level, **more)


def test_a_state_is_tested_alone(states):
    passes = {"Type": "Pass", "InputPath": "$.a", "Parameters": {"b.$": "$.b"}, "ResultPath": "$.c", "Next": "There"}
    answer = alone(states, passes, {"a": {"b": 1}}, "DEBUG")
    assert (answer["status"], answer["nextState"]) == ("SUCCEEDED", "There")
    assert json.loads(answer["output"]) == {"a": {"b": 1}, "c": {"b": 1}}
    data = {name: json.loads(text) for name, text in answer["inspectionData"].items()}
    assert data["afterInputPath"] == {"b": 1} and data["afterParameters"] == data["result"] == {"b": 1}
    assert data["afterResultPath"] == {"a": {"b": 1}, "c": {"b": 1}}
    assert alone(states, passes, {"a": {"b": 1}})["inspectionData"] == {}

    choice = {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.n > 1 %}", "Next": "Large", "Output": "{% $states.input.n %}"}]}
    choice |= {"Default": "Small", "QueryLanguage": "JSONata"}
    large = alone(states, choice, {"n": 2})
    assert (large["nextState"], large["output"]) == ("Large", "2")
    assert alone(states, choice, {"n": 1})["nextState"] == "Small"

    fail = {"Type": "Fail", "Error": "Own", "CausePath": "$.why"}
    failed = alone(states, fail, {"why": "no"})
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "Own", "no")


def test_a_task_is_tested_with_its_function_or_with_a_mock(states):
    function = "arn:aws:lambda:us-east-1:000000000000:function:state-machines-Charge"
    task = {"Type": "Task", "Resource": function, "ResultSelector": {"paid.$": "$.amount"}, "End": True}
    assert json.loads(alone(states, task, {"amount": 5})["output"]) == {"paid": 5}
    task["Retry"] = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 2}]
    task["Catch"] = [{"ErrorEquals": ["Refused"], "ResultPath": "$.error", "Next": "Sorry"}]
    caught = alone(states, task, {"amount": -1})
    assert (caught["status"], caught["nextState"], caught["error"]) == ("CAUGHT_ERROR", "Sorry", "Refused")
    assert json.loads(caught["output"])["error"]["Error"] == "Refused"
    busy = {"mock": {"errorOutput": {"error": "Busy", "cause": "later"}}}
    retried = alone(states, task, {"amount": 1}, **busy, stateConfiguration={"retrierRetryCount": 1})
    assert retried["status"] == "RETRIABLE"
    assert retried["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 6}
    assert alone(states, task, {}, **busy, stateConfiguration={"retrierRetryCount": 2})["status"] == "FAILED"
    machine = {"StartAt": "A", "States": {"A": {"Type": "Map", "ItemProcessor": {"StartAt": "B", "States": {"B": task}}, "End": True}}}
    machine["States"]["A"]["ItemProcessor"]["States"]["Sorry"] = {"Type": "Succeed"}
    inner = alone(states, machine, {}, stateName="B", mock={"result": '{"amount": 9}'})
    assert json.loads(inner["output"]) == {"paid": 9}
    assert refusal(states.test_state, definition=json.dumps(machine), stateName="A") == "ValidationException"
    assert refusal(states.test_state, definition=json.dumps(machine), stateName="Z") == "ValidationException"
    assert refusal(states.test_state, definition="{}") == "InvalidDefinition"
    assert refusal(states.test_state, definition=json.dumps(task), input="{") == "InvalidExecutionInput"
    lost = {**task, "Resource": function.replace("Charge", "Nobody")}
    assert alone(states, lost)["error"] == "Lambda.ResourceNotFoundException"


def test_machines_have_tags(states):
    states.tag_resource(resourceArn=ORDERS, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    states.untag_resource(resourceArn=ORDERS, tagKeys=["a", "c"])
    assert states.list_tags_for_resource(resourceArn=ORDERS)["tags"] == [{"key": "b", "value": "2"}]
    many = [{"key": f"k{number}", "value": ""} for number in range(51)]
    assert refusal(states.tag_resource, resourceArn=ORDERS, tags=many) == "TooManyTags"
    nobody = ORDERS.replace("orders", "nobody")
    assert refusal(states.list_tags_for_resource, resourceArn=nobody) == "ResourceNotFound"


def test_an_express_machine_is_made(states):
    create = {"name": "express", "definition": definition("fast"), "roleArn": ROLE, "type": "EXPRESS"}
    machine = states.create_state_machine(**create)["stateMachineArn"]
    assert states.describe_state_machine(stateMachineArn=machine)["type"] == "EXPRESS"
    assert json.loads(states.start_sync_execution(stateMachineArn=machine, input="{}")["output"]) == {"said": "fast"}


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
    environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": system.endpoint}

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
