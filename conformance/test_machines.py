"""State machines as they are made, changed, versioned, tagged and deleted, and states tried alone, through boto3."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError
from machines import ORDERS, ROLE, client, definition, ended, events, made, refusal, said, start, states, system
from system import until
from test_deploy import serving, two_servers


def test_machines_are_listed_and_described(states):
    machines = {it["name"]: it for it in states.list_state_machines()["stateMachines"]}
    assert set(machines) == {"orders", "quick", "double", "noted", "parent", "keeper", "painted", "ticks"}
    assert machines["orders"]["stateMachineArn"] == ORDERS
    assert machines["quick"]["type"] == "EXPRESS"
    shown = states.describe_state_machine(stateMachineArn=ORDERS)
    definition = json.loads(shown["definition"])
    assert definition["States"]["Charge"]["Resource"].endswith(":function:state-machines-Charge")
    assert shown["status"] == "ACTIVE"


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
    for service in ("arn:aws:swf:us-east-1:000000000000:task:a", "arn:aws:states:::http:invoke"):
        other = {"Type": "Task", "Resource": service, "End": True}
        other = json.dumps({"StartAt": "A", "States": {"A": other}})
        told = states.validate_state_machine_definition(definition=other)
        assert told["result"] == "FAIL" and service in told["diagnostics"][0]["message"]
        create = {"name": "wrong", "roleArn": ROLE}
        assert refusal(states.create_state_machine, **create, definition=other) == "InvalidDefinition"
    assert refusal(states.create_state_machine, **create, definition=wrong) == "InvalidDefinition"
    assert refusal(states.create_state_machine, **create, definition="{") == "InvalidDefinition"


def test_what_looks_like_a_path_and_is_none_is_a_warning(states):
    odd = {"A": {"Type": "Pass", "Parameters": {"a": "$.b"}, "Next": "B"}, "B": {"Type": "Pass", "Result": "$.c", "End": True}}
    odd = json.dumps({"StartAt": "A", "States": odd})
    told = states.validate_state_machine_definition(definition=odd, severity="WARNING")
    found = [(it["severity"], it["code"], it["location"]) for it in told["diagnostics"]]
    assert told["result"] == "OK"
    assert found == [("WARNING", "NO_DOLLAR", "/States/A/Parameters/a"), ("WARNING", "PASS_RESULT_IS_STATIC", "/States/B/Result")]
    assert states.validate_state_machine_definition(definition=odd)["diagnostics"] == []


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken"}, "'.waitForTaskToken' service integration"),
        ({"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync"}, "'.sync' service integration"),
        ({"Type": "Task", "Resource": "arn:aws:states:us-east-1:000000000000:activity:paint"}, "Activity ARN"),
        ({"Type": "Map", "ItemProcessor": "DISTRIBUTED"}, "Map states in DISTRIBUTED mode"),
    ],
)
def test_an_express_machine_waits_for_nobody(states, state, message):
    if "ItemProcessor" in state:
        config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
        state["ItemProcessor"] = {"ProcessorConfig": config, "StartAt": "I", "States": {"I": {"Type": "Succeed"}}}
    elif state["Resource"].startswith("arn:aws:states:::"):
        named = ("FunctionName", "f") if "lambda" in state["Resource"] else ("StateMachineArn", ORDERS)
        state["Parameters"] = dict([named])
    state = json.dumps({"StartAt": "A", "States": {"A": {**state, "End": True}}})
    told = states.validate_state_machine_definition(definition=state, type="EXPRESS")
    assert told["result"] == "FAIL"
    assert told["diagnostics"][0]["message"] == f"Express state machine does not support {message}"
    assert states.validate_state_machine_definition(definition=state)["result"] == "OK"
    create = {"name": "waits", "roleArn": ROLE, "definition": state, "type": "EXPRESS"}
    assert refusal(states.create_state_machine, **create) == "InvalidDefinition"


def test_a_machine_of_a_template_is_shown_with_all_that_the_template_says(states):
    noted = ORDERS.replace("orders", "noted")
    shown = states.describe_state_machine(stateMachineArn=noted)
    logging = shown["loggingConfiguration"]
    assert (logging["level"], logging["includeExecutionData"]) == ("ALL", True)
    group = logging["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"]
    assert group == "arn:aws:logs:us-east-1:000000000000:log-group:/noted:*"
    assert shown["tracingConfiguration"] == {"enabled": True}
    assert shown["roleArn"] == "arn:aws:iam::000000000000:role/noted"
    assert states.list_tags_for_resource(resourceArn=noted)["tags"] == [{"key": "team", "value": "conformance"}]
    written = json.loads(shown["definition"])["States"]
    assert (written["Pause"]["Seconds"], written["Say"]["Result"]) == (0, {"said": "hello"})


def test_logs_need_a_log_group(states):
    create = {"name": "logged", "definition": definition("one"), "roleArn": ROLE}
    group = "arn:aws:logs:us-east-1:000000000000:log-group:/a:*"
    destinations = [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]
    for wrong in [
        {"level": "ALL"},
        {"level": "ALL", "destinations": []},
        {"level": "ALL", "destinations": destinations * 2},
        {"level": "ERROR", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group[:-2]}}]},
    ]:
        assert refusal(states.create_state_machine, **create, loggingConfiguration=wrong) == "InvalidLoggingConfiguration"
    kept = {"level": "FATAL", "includeExecutionData": False, "destinations": destinations}
    machine = states.create_state_machine(**create, loggingConfiguration=kept)["stateMachineArn"]
    assert states.describe_state_machine(stateMachineArn=machine)["loggingConfiguration"] == kept


def test_a_machine_may_have_any_name_of_aws(states):
    longest = "m" * 80
    for name in ["order.2026", "a@b", "a+b=c", "\u00e4", longest]:
        machine = made(states, name, json.loads(definition("one")))
        assert machine == ORDERS.replace("orders", name)
        assert states.describe_state_machine(stateMachineArn=machine)["name"] == name
        assert name in [it["name"] for page in states.get_paginator("list_state_machines").paginate() for it in page["stateMachines"]]
        assert said(states, machine, "one!") == "one"
        states.delete_state_machine(stateMachineArn=machine)
    for name in ["a b", "a*", "a/b", "a,b", "m" * 81]:
        assert refusal(states.create_state_machine, name=name, definition=definition("one"), roleArn=ROLE) == "InvalidName"


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
    with two_servers(tmp_path) as (one, two):
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

    def started_by(name):
        """What an execution was started by, as both operations tell it."""
        shown = states.describe_execution(executionArn=machine.replace("stateMachine", "execution") + f":{name}")
        (listed,) = [it for it in states.list_executions(stateMachineArn=machine)["executions"] if it["name"] == name]
        told = [(it.get("stateMachineVersionArn"), it.get("stateMachineAliasArn")) for it in (shown, listed)]
        assert told[0] == told[1], told
        return told[0]

    assert started_by("of-version-1") == (first, None)

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
    said_by = {f"divided-{number}": started_by(f"divided-{number}") for number in range(24)}
    assert set(said_by.values()) == {(first, prod), (second, prod)}
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
    assert started_by("unqualified") == (None, None)
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


def test_executions_are_listed_by_alias(states):
    """Those on the alias's versions, one version after the other, page by page."""
    create = {"name": "listed", "definition": definition("one"), "roleArn": ROLE, "publish": True}
    made = states.create_state_machine(**create)
    machine, first = made["stateMachineArn"], made["stateMachineVersionArn"]
    updated = states.update_state_machine(stateMachineArn=machine, definition=definition("two"), publish=True)
    second = updated["stateMachineVersionArn"]
    # A third version is behind no alias.
    third = states.update_state_machine(stateMachineArn=machine, definition=definition("three"), publish=True)
    for version, name in [(first, "a"), (second, "b"), (first, "c"), (second, "d"), (third["stateMachineVersionArn"], "e")]:
        said(states, version, name)
    routes = [{"stateMachineVersionArn": first, "weight": 1}, {"stateMachineVersionArn": second, "weight": 99}]
    both = states.create_state_machine_alias(name="both", routingConfiguration=routes)["stateMachineAliasArn"]
    one = states.create_state_machine_alias(
        name="one", routingConfiguration=[{"stateMachineVersionArn": second, "weight": 100}]
    )["stateMachineAliasArn"]

    def names(arn, size=None, **more):
        pages = states.get_paginator("list_executions").paginate(
            stateMachineArn=arn, **more, PaginationConfig={"PageSize": size}
        )
        return [it["name"] for page in pages for it in page["executions"]]

    # Newest first within a version.
    assert names(one) == names(second) == ["d", "b"] and names(first) == ["c", "a"]
    assert names(both) in (["c", "a", "d", "b"], ["d", "b", "c", "a"])
    assert names(both, size=1) == names(both, size=3) == names(both)
    assert names(both, statusFilter="SUCCEEDED") == names(both) and names(both, statusFilter="FAILED") == []
    assert names(machine) == ["e", "d", "c", "b", "a"]
    assert refusal(states.list_executions, stateMachineArn=f"{machine}:nobody") == "StateMachineDoesNotExist"


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


def test_a_map_and_a_parallel_are_tested_with_a_mock(states):
    inner = {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemSelector": {"n.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index"}}
    each |= {"ItemProcessor": {"ProcessorConfig": config, **inner}, "MaxConcurrency": 2, "ToleratedFailurePercentage": 50, "End": True}
    each["Catch"] = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "Sorry"}]
    mock = {"mock": {"result": "[1]"}}
    given = {"items": ["a", "b"]}
    data = alone(states, each, given, "DEBUG", **mock)["inspectionData"]
    assert json.loads(data["afterItemsPath"]) == ["a", "b"]
    assert json.loads(data["afterItemSelector"]) == [{"n": "a", "at": 0}, {"n": "b", "at": 1}]
    assert (data["maxConcurrency"], data["toleratedFailurePercentage"]) == (2, 50.0)
    one = alone(states, each, given, **mock, stateConfiguration={"mapIterationFailureCount": 1})
    assert one["status"] == "SUCCEEDED"
    both = alone(states, each, given, **mock, stateConfiguration={"mapIterationFailureCount": 2})
    assert (both["status"], both["error"]) == ("CAUGHT_ERROR", "States.ExceedToleratedFailureThreshold")
    failed = {"mock": {"errorOutput": {"error": "Own", "cause": "no"}}}
    caused = alone(states, each, given, **failed, stateConfiguration={"errorCausedByState": "One"})
    assert (caused["status"], caused["error"]) == ("FAILED", "Own")
    test = {"definition": json.dumps(each), "input": json.dumps(given)}
    for wrong in [
        {**failed, "stateConfiguration": {"errorCausedByState": "Two"}},
        {**mock, "stateConfiguration": {"errorCausedByState": "One"}},
        {**mock, "stateConfiguration": {"mapIterationFailureCount": 3}},
    ]:
        assert refusal(states.test_state, **test, **wrong) == "ValidationException"
    passes = json.dumps({"Type": "Pass", "End": True})
    assert refusal(states.test_state, definition=passes, **mock) == "ValidationException"


def test_a_task_of_a_table_is_tested_with_the_table(system, states):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    tables = boto3.client("dynamodb", endpoint_url=system.endpoint, region_name="us-east-1", **keys)
    table = next(name for name in tables.list_tables()["TableNames"] if "Counts" in name)
    get = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem", "End": True}
    get["Parameters"] = {"TableName": table, "Key": {"id": {"S": "nobody"}}}
    answer = alone(states, get)
    assert (answer["status"], answer.get("output")) == ("SUCCEEDED", "{}"), answer
    get["Parameters"] |= {"TableName": "nothing"}
    assert alone(states, get)["error"] == "DynamoDB.ResourceNotFoundException"


def test_a_pass_in_jsonata_has_no_arguments(states):
    passes = {"QueryLanguage": "JSONata", "Type": "Pass", "Output": "{% $states.input.n %}", "End": True}
    answer = alone(states, passes, {"n": 2}, "DEBUG")
    assert answer["output"] == "2" and "afterArguments" not in answer["inspectionData"]


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
