"""Functions over the Lambda API through AWS's own clients: boto3 with its waiters, and the AWS CLI.

Every answer is held to botocore's service model: members that the model does not know, or that have
another type, fail the test that got them.
"""

import base64
import datetime
import hashlib
import io
import json
import pathlib
import subprocess
import time
import uuid
import zipfile

import boto3
import botocore.exceptions
import pytest

FIXTURES = pathlib.Path(__file__).parent.parent / "crates" / "server" / "tests" / "fixtures"
ROLE = "arn:aws:iam::000000000000:role/conformance"
# Longest time that anything may take; the machine may be busy.
PATIENCE_SECONDS = 60

TYPES = {
    "string": str,
    "integer": int,
    "long": int,
    "double": (int, float),
    "boolean": bool,
    "timestamp": (int, float),
    "blob": str,
}


def misfits(shape, value, path):
    """Where a JSON value differs from the shape it should have."""
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            return [f"{path} is no structure: {value!r}"]
        members = {
            member.serialization.get("name", name): member
            for name, member in shape.members.items()
            if member.serialization.get("location") is None
        }
        found = [f"{path}.{name} is not in the model" for name in value if name not in members]
        for name, member in members.items():
            if value.get(name) is not None:
                found += misfits(member, value[name], f"{path}.{name}")
        return found
    if shape.type_name == "list":
        return [m for i, one in enumerate(value) for m in misfits(shape.member, one, f"{path}[{i}]")]
    if shape.type_name == "map":
        return [m for key, one in value.items() for m in misfits(shape.value, one, f"{path}.{key}")]
    if not isinstance(value, TYPES[shape.type_name]):
        return [f"{path} should be a {shape.type_name}: {value!r}"]
    enum = getattr(shape, "enum", None)
    return [f"{path} is {value!r}, not one of {enum}"] if enum and value not in enum else []


@pytest.fixture(scope="module")
def client():
    client = boto3.client("lambda")

    def check(event_name, response_dict, **_):
        operation = client.meta.service_model.operation_model(event_name.rsplit(".", 1)[-1])
        output, body = operation.output_shape, response_dict["body"]
        plain = isinstance(body, bytes) and output is not None and "payload" not in output.serialization
        if response_dict["status_code"] < 300 and body and plain:
            assert misfits(output, json.loads(body), operation.name) == []

    client.meta.events.register("response-received.lambda", check)
    return client


def package(fixture, comment=""):
    """An archive with a fixture's `bootstrap`, executable."""
    code = (FIXTURES / fixture / "bootstrap").read_text() + f"\n# {comment}\n"
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o100755 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, code)
    return data.getvalue()


@pytest.fixture
def name(client):
    name = f"api-{uuid.uuid4().hex[:12]}"
    yield name
    try:
        client.delete_function(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        pass


def create(client, name, fixture="plain", **more):
    request = {
        "FunctionName": name,
        "Role": ROLE,
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "Timeout": 10,
        "Code": {"ZipFile": package(fixture)},
        **more,
    }
    return client.create_function(**request)


def error_of(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]


def test_every_member_of_a_function_is_echoed_and_every_waiter_ends(client, name):
    members = {
        "Description": "for the suite",
        "MemorySize": 256,
        "Environment": {"Variables": {"GREETING": "hello"}},
        "Architectures": ["arm64"],
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:letters"},
        "TracingConfig": {"Mode": "Active"},
        "EphemeralStorage": {"Size": 1024},
        "PackageType": "Zip",
    }
    layer = "arn:aws:lambda:us-east-1:000000000000:layer:tools:3"
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "SystemLogLevel": "WARN"}
    tags = {"team": "loans", "stage": "test"}
    archive = package("plain")
    created = create(
        client, name, **members, Layers=[layer], LoggingConfig=logging, Tags=tags, Publish=True
    )
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert created["Version"] == "1" and created["FunctionArn"].endswith(f":{name}:1")
    assert created["CodeSha256"] == base64.b64encode(hashlib.sha256(archive).digest()).decode()
    assert created["CodeSize"] == len(archive)
    for waiter in ["function_exists", "function_active_v2", "function_updated_v2"]:
        client.get_waiter(waiter).wait(FunctionName=name)
    for waiter in ["function_active", "function_updated"]:
        client.get_waiter(waiter).wait(FunctionName=name)
    client.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="1")

    shown = client.get_function(FunctionName=name)
    assert shown["Tags"] == tags
    configuration = shown["Configuration"]
    assert {member: configuration[member] for member in members} == members
    assert [one["Arn"] for one in configuration["Layers"]] == [layer]
    assert configuration["LoggingConfig"] == {**logging, "LogGroup": f"/aws/lambda/{name}"}
    assert configuration["State"] == "Active" and configuration["LastUpdateStatus"] == "Successful"
    assert uuid.UUID(configuration["RevisionId"])
    modified = datetime.datetime.strptime(configuration["LastModified"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert abs(datetime.datetime.now(datetime.UTC) - modified) < datetime.timedelta(minutes=5)
    pages = client.get_paginator("list_functions").paginate(MaxItems=1)
    assert name in [one["FunctionName"] for page in pages for one in page["Functions"]]


def test_code_and_configuration_change_under_revisions(client, name):
    created = create(client, name)
    revision = created["RevisionId"]
    changed = client.update_function_configuration(
        FunctionName=name, Timeout=20, MemorySize=512, RevisionId=revision
    )
    assert (changed["Timeout"], changed["MemorySize"]) == (20, 512)
    assert changed["RevisionId"] != revision
    stale = {"FunctionName": name, "RevisionId": revision}
    refused = ("PreconditionFailedException", 412)
    assert error_of(client.update_function_configuration, **stale, Timeout=5) == refused
    assert error_of(client.update_function_code, **stale, ZipFile=package("plain")) == refused
    assert error_of(client.publish_version, **stale) == refused

    other = package("plain", "other")
    sha256 = base64.b64encode(hashlib.sha256(other).digest()).decode()
    dry = client.update_function_code(FunctionName=name, ZipFile=other, DryRun=True)
    assert dry["CodeSha256"] == sha256
    assert client.get_function_configuration(FunctionName=name)["CodeSha256"] != sha256
    client.update_function_code(FunctionName=name, ZipFile=other)
    client.get_waiter("function_updated_v2").wait(FunctionName=name)

    first = client.publish_version(FunctionName=name, CodeSha256=sha256, Description="first")
    assert (first["Version"], first["Description"], first["Timeout"]) == ("1", "first", 20)
    assert client.publish_version(FunctionName=name)["Version"] == "1"
    wrong = {"FunctionName": name, "CodeSha256": created["CodeSha256"]}
    assert error_of(client.publish_version, **wrong) == ("InvalidParameterValueException", 400)
    client.update_function_configuration(FunctionName=name, Timeout=21)
    assert client.publish_version(FunctionName=name)["Version"] == "2"
    versions = client.list_versions_by_function(FunctionName=name)["Versions"]
    assert [one["Version"] for one in versions] == ["$LATEST", "1", "2"]


def test_bad_input_is_answered_as_aws_answers_it(client, name):
    bad = [
        ({"Role": "nobody"}, "ValidationException"),
        ({"Timeout": 901}, "ValidationException"),
        ({"MemorySize": 20_000}, "ValidationException"),
        ({"Runtime": "cobol"}, "ValidationException"),
        ({"Code": {"ZipFile": b"no archive"}}, "InvalidParameterValueException"),
        ({"Code": {"ZipFile": b""}}, "InvalidParameterValueException"),
        ({"Code": {"S3Bucket": "bucket", "S3Key": "key"}}, "InvalidParameterValueException"),
        ({"Code": {"ImageUri": "image"}}, "InvalidParameterValueException"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException"),
        ({"DurableConfig": {"ExecutionTimeout": 31_622_401}}, "ValidationException"),
    ]
    for more, code in bad:
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            create(client, name, **more)
        assert caught.value.response["Error"]["Code"] == code, more
    missing = ("ResourceNotFoundException", 404)
    for call in [client.get_function, client.get_function_configuration, client.delete_function]:
        assert error_of(call, FunctionName=name) == missing
    create(client, name)
    with pytest.raises(client.exceptions.ResourceConflictException):
        create(client, name)
    later = {"FunctionName": name, "DurableConfig": {"ExecutionTimeout": 60}}
    refused = ("InvalidParameterValueException", 400)
    assert error_of(client.update_function_configuration, **later) == refused


def test_archives_that_lead_outside_are_refused(client, name):
    for path in ["../evil", "/etc/evil", "a/../../evil"]:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("bootstrap", "#!/bin/sh\n")
            archive.writestr(path, "x")
        with pytest.raises(client.exceptions.InvalidParameterValueException) as caught:
            create(client, name, Code={"ZipFile": data.getvalue()})
        assert path in str(caught.value)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(11):
            archive.writestr(f"zeros-{number}", bytes(25_000_000))
    with pytest.raises(client.exceptions.InvalidParameterValueException) as caught:
        create(client, name, Code={"ZipFile": data.getvalue()})
    assert "Unzipped size must be smaller than 262144000 bytes" in str(caught.value)


def test_aliases_with_all_verbs_and_weights(client, name):
    create(client, name, Publish=True)
    client.update_function_code(FunctionName=name, ZipFile=package("plain", "two"), Publish=True)
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    alias = client.create_alias(
        FunctionName=name, Name="live", FunctionVersion="1", Description="d", RoutingConfig=weights
    )
    assert alias["AliasArn"].endswith(f":{name}:live") and alias["RoutingConfig"] == weights
    again = {"FunctionName": name, "Name": "live", "FunctionVersion": "1"}
    assert error_of(client.create_alias, **again) == ("ResourceConflictException", 409)
    seen = {client.invoke(FunctionName=f"{name}:live")["ExecutedVersion"] for _ in range(30)}
    assert seen == {"1", "2"}
    used = {"FunctionName": name, "Qualifier": "2"}
    assert error_of(client.delete_function, **used) == ("ResourceConflictException", 409)
    moved = client.update_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion="2",
        RoutingConfig={},
        RevisionId=alias["RevisionId"],
    )
    assert moved["FunctionVersion"] == "2" and not moved.get("RoutingConfig")
    stale = {"FunctionName": name, "Name": "live", "RevisionId": alias["RevisionId"]}
    assert error_of(client.update_alias, **stale) == ("PreconditionFailedException", 412)
    assert client.get_alias(FunctionName=name, Name="live")["Description"] == "d"
    listed = client.list_aliases(FunctionName=name, FunctionVersion="2")["Aliases"]
    assert [one["Name"] for one in listed] == ["live"]
    client.delete_alias(FunctionName=name, Name="live")
    missing = ("ResourceNotFoundException", 404)
    assert error_of(client.get_alias, FunctionName=name, Name="live") == missing
    client.delete_function(FunctionName=name, Qualifier="1")
    assert error_of(client.get_function, FunctionName=name, Qualifier="1") == missing


def test_tags_concurrency_and_event_invoke_configs(client, name):
    arn = create(client, name)["FunctionArn"]
    client.tag_resource(Resource=arn, Tags={"a": "1", "b c": "2"})
    client.untag_resource(Resource=arn, TagKeys=["b c", "none"])
    assert client.list_tags(Resource=arn)["Tags"] == {"a": "1"}
    assert error_of(client.list_tags, Resource=arn + "x") == ("ResourceNotFoundException", 404)

    put = client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert put["ReservedConcurrentExecutions"] == 0
    assert client.get_function(FunctionName=name)["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    quick = boto3.client("lambda", config=boto3.session.Config(retries={"total_max_attempts": 1}))
    with pytest.raises(quick.exceptions.TooManyRequestsException) as caught:
        quick.invoke(FunctionName=name)
    assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    client.delete_function_concurrency(FunctionName=name)
    shown = client.get_function_concurrency(FunctionName=name)
    assert "ReservedConcurrentExecutions" not in shown
    assert client.invoke(FunctionName=name)["StatusCode"] == 200

    on_failure = {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:failed"}}
    config = client.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=1, DestinationConfig=on_failure
    )
    assert config["FunctionArn"].endswith("$LATEST") and config["MaximumRetryAttempts"] == 1
    assert isinstance(config["LastModified"], datetime.datetime)
    client.update_function_event_invoke_config(FunctionName=name, MaximumEventAgeInSeconds=120)
    config = client.get_function_event_invoke_config(FunctionName=name)
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (1, 120)
    assert config["DestinationConfig"]["OnFailure"] == on_failure["OnFailure"]
    listed = client.list_function_event_invoke_configs(FunctionName=name)
    assert len(listed["FunctionEventInvokeConfigs"]) == 1
    client.delete_function_event_invoke_config(FunctionName=name)
    missing = ("ResourceNotFoundException", 404)
    assert error_of(client.get_function_event_invoke_config, FunctionName=name) == missing


def test_what_tools_ask_beyond_that(client, name):
    create(client, name)
    settings = client.get_account_settings()
    assert settings["AccountLimit"]["ConcurrentExecutions"] == 1000
    assert settings["AccountUsage"]["FunctionCount"] >= 1
    assert error_of(client.get_policy, FunctionName=name) == ("ResourceNotFoundException", 404)
    assert client.get_function_code_signing_config(FunctionName=name)["FunctionName"] == name
    assert client.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    assert client.get_runtime_management_config(FunctionName=name)["UpdateRuntimeOn"] == "Auto"


def test_invoke_in_all_its_spellings(client, name):
    create(client, name)
    context = base64.b64encode(b'{"custom":{"a":"b"}}').decode()
    answer = client.invoke(
        FunctionName=name, Payload=b'{"a":1}', LogType="Tail", ClientContext=context
    )
    assert json.load(answer["Payload"])["echo"] == {"a": 1}
    assert b"REPORT RequestId" in base64.b64decode(answer["LogResult"])
    assert client.invoke_async(FunctionName=name, InvokeArgs=b"{}")["Status"] == 202

    streamed = client.invoke_with_response_stream(
        FunctionName=name, Payload=json.dumps({"text": "x" * 600_000}).encode(), LogType="Tail"
    )
    events = list(streamed["EventStream"])
    chunks = [one["PayloadChunk"]["Payload"] for one in events if "PayloadChunk" in one]
    assert len(chunks) > 1 and len(json.loads(b"".join(chunks))["echo"]["text"]) == 600_000
    assert b"REPORT" in base64.b64decode(events[-1]["InvokeComplete"]["LogResult"])
    failed = client.invoke_with_response_stream(FunctionName=name, Payload=b'{"fail":"no"}')
    (complete,) = list(failed["EventStream"])
    assert complete["InvokeComplete"]["ErrorCode"] == "Unhandled"
    assert json.loads(complete["InvokeComplete"]["ErrorDetails"])["errorMessage"] == "no"


def test_a_durable_function_drains_before_it_goes(client, name):
    durable = {"ExecutionTimeout": 600, "RetentionPeriodInDays": 1}
    created = create(client, name, "durable", DurableConfig=durable, Publish=True)
    assert created["DurableConfig"] == durable
    started = client.invoke(
        FunctionName=f"{name}:1", InvocationType="Event", Payload=b'{"callback":"go"}'
    )
    arn = started["DurableExecutionArn"]

    def callback_id():
        events = client.get_durable_execution_history(DurableExecutionArn=arn)["Events"]
        ids = [e["CallbackStartedDetails"]["CallbackId"] for e in events if "CallbackStartedDetails" in e]
        return ids[0] if ids else None

    callback = until("the callback exists", callback_id)
    client.delete_function(FunctionName=name)
    configuration = client.get_function_configuration(FunctionName=name)
    assert configuration["State"] == "Deleting"
    assert configuration["StateReasonCode"] == "DrainingDurableExecutions"
    refused = ("ResourceConflictException", 409)
    assert error_of(client.invoke, FunctionName=f"{name}:1") == refused
    client.send_durable_execution_callback_success(CallbackId=callback, Result=b"1")

    def gone():
        try:
            client.get_function(FunctionName=name)
        except client.exceptions.ResourceNotFoundException:
            return True

    until("the function is gone", gone)
    assert client.get_durable_execution(DurableExecutionArn=arn)["Status"] == "SUCCEEDED"


def until(what, look):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited until {what}"
        time.sleep(0.05)


def test_the_command_line_walks_through_a_durable_function(name, client, tmp_path):
    archive = tmp_path / "function.zip"
    archive.write_bytes(package("durable"))

    def aws(*arguments):
        command = ["aws", "lambda", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    durable = json.dumps({"ExecutionTimeout": 600, "RetentionPeriodInDays": 7})
    created = aws(
        "create-function", "--function-name", name, "--runtime", "provided.al2023",
        "--role", ROLE, "--handler", "bootstrap", "--zip-file", f"fileb://{archive}",
        "--durable-config", durable,
    )  # fmt: skip
    assert created["DurableConfig"] == {"ExecutionTimeout": 600, "RetentionPeriodInDays": 7}
    aws("wait", "function-active-v2", "--function-name", name)
    version = aws("publish-version", "--function-name", name)["Version"]
    assert version == "1"
    aws("create-alias", "--function-name", name, "--name", "prod", "--function-version", version)
    answer = tmp_path / "answer.json"

    def invoke():
        return aws(
            "invoke", "--function-name", f"{name}:prod", "--invocation-type", "RequestResponse",
            "--durable-execution-name", "order-123",
            "--payload", '{"steps": 3}', str(answer),
        )  # fmt: skip

    first = invoke()
    assert (first["StatusCode"], first["ExecutedVersion"]) == (200, "1")
    assert json.loads(answer.read_text()) == 6
    assert invoke()["DurableExecutionArn"] == first["DurableExecutionArn"]
    listed = aws("list-durable-executions-by-function", "--function-name", name)
    assert [one["DurableExecutionName"] for one in listed["DurableExecutions"]] == ["order-123"]
    aws("tag-resource", "--resource", created["FunctionArn"], "--tags", "team=loans")
    assert aws("list-tags", "--resource", created["FunctionArn"])["Tags"] == {"team": "loans"}
    aws("delete-function", "--function-name", name)


def test_a_function_in_python_is_created_and_invoked(client):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return {'sum': event['a'] + event['b']}\n")
    name = f"python-{uuid.uuid4().hex[:8]}"
    client.create_function(
        FunctionName=name, Role=ROLE, Runtime="python3.11", Handler="app.handler",
        Code={"ZipFile": data.getvalue()}, Timeout=30,
    )  # fmt: skip
    try:
        client.get_waiter("function_active_v2").wait(FunctionName=name)
        answer = client.invoke(FunctionName=name, Payload=json.dumps({"a": 2, "b": 3}))
        assert json.load(answer["Payload"]) == {"sum": 5}
    finally:
        client.delete_function(FunctionName=name)
