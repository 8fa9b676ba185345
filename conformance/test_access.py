"""A service that other machines reach: TLS, signatures and policies, as AWS's own clients meet them.

boto3 and the AWS CLI come from outside by TLS; functions in Rust, Python and JavaScript sign by their SDKs what they send.
"""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from botocore.exceptions import ClientError
from system import HERE, PATIENCE_SECONDS, START_SECONDS, binary, rust_code, until

ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("LAMBDURA_", "AWS_"))}


STATES = "arn:aws:states:us-east-1:000000000000"
# The tasks of one activity, and the map runs of one machine.
WORKER = [
    {"Effect": "Allow", "Action": "states:GetActivityTask", "Resource": f"{STATES}:activity:own"},
    {"Effect": "Allow", "Action": ["states:DescribeActivity", "states:CreateActivity"], "Resource": f"{STATES}:activity:o*n"},
    {"Effect": "Allow", "Action": ["states:DescribeMapRun", "states:ListExecutions"], "Resource": f"{STATES}:mapRun:spread/*"},
    {"Effect": "Allow", "Action": "states:ListMapRuns", "Resource": f"{STATES}:execution:spread:*"},
]


class Exposed:
    """A running service, its certificate, and the keys to it."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.data, self.certificate = scratch / "data", scratch / "server.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        command += ["-keyout", str(scratch / "server.key"), "-out", str(self.certificate), "-days", "2"]
        command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        # Rust's TLS does not take the certificate of an authority for that of a server.
        command += ["-addext", "basicConstraints=critical,CA:FALSE"]
        subprocess.run(command, check=True, capture_output=True)

    def key(self, name, policy):
        command = [binary(), "keys", "create", name, "--policy", policy, "--data-dir", str(self.data)]
        done = subprocess.run([*command, "--output", "json"], capture_output=True, text=True, env=ENVIRONMENT)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self):
        ready, log = self.scratch / "ready.json", self.scratch / "up.log"
        command = [binary(), "up", str(HERE / "access/template.yaml"), "--listen", "0.0.0.0:0"]
        command += ["--http-api-listen", "127.0.0.1:0", "--data-dir", str(self.data), "--ready-file", str(ready)]
        command += ["--tls-cert", str(self.certificate), "--tls-key", str(self.scratch / "server.key")]
        command += rust_code("ten-steps", self.scratch / "rust")
        with open(log, "wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, env=ENVIRONMENT)

        def answers():
            assert self.process.poll() is None, f"`lambdura up` ended:\n{log.read_text()}"
            return ready.exists() and ready.stat().st_size > 0, log.read_text()

        until("it is ready", answers, START_SECONDS)
        port = json.loads(ready.read_text())["endpoint"].rsplit(":", 1)[1]
        self.endpoint = f"https://localhost:{port}"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def client(self, service, key, secret=None):
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=key["access_key_id"],
            aws_secret_access_key=secret or key["secret_access_key"],
            verify=str(self.certificate),
        )

    def environment(self, key):
        return {
            **ENVIRONMENT,
            "AWS_ACCESS_KEY_ID": key["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": key["secret_access_key"],
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CA_BUNDLE": str(self.certificate),
            "AWS_ENDPOINT_URL": self.endpoint,
            "LAMBDURA_ENDPOINT": self.endpoint,
        }

    def get(self, url):
        import ssl

        context = ssl.create_default_context(cafile=str(self.certificate))
        return urllib.request.urlopen(url, timeout=PATIENCE_SECONDS, context=context)


@pytest.fixture(scope="module")
def exposed(tmp_path_factory):
    service = Exposed(tmp_path_factory.mktemp("access"))
    service.admin = service.key("admin", "admin")
    service.caller = service.key("caller", "invoke")
    policy = service.scratch / "policy.json"
    statement = {"Effect": "Allow", "Action": "lambda:GetFunction*", "Resource": "arn:aws:lambda:*:*:function:Steps*"}
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    service.reader = service.key("reader", str(policy))
    worker = service.scratch / "worker.json"
    worker.write_text(json.dumps({"Version": "2012-10-17", "Statement": WORKER}))
    service.worker = service.key("worker", str(worker))
    service.start()
    yield service
    service.stop()


def refused(call):
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"]


def test_boto3_invokes_and_reads_what_its_policies_allow(exposed):
    client = exposed.client("lambda", exposed.caller)
    answer = client.invoke(FunctionName="Steps", Qualifier="live", Payload=b"1")
    assert json.load(answer["Payload"]) == 11
    arn = answer["DurableExecutionArn"]
    assert client.get_durable_execution(DurableExecutionArn=arn)["Status"] == "SUCCEEDED"
    assert refused(lambda: client.get_function(FunctionName="Steps")) == "AccessDeniedException"
    assert refused(lambda: client.delete_function(FunctionName="Steps")) == "AccessDeniedException"
    reader = exposed.client("lambda", exposed.reader)
    assert reader.get_function(FunctionName="Steps:live")["Configuration"]["FunctionName"] == "Steps"
    assert refused(lambda: reader.get_function(FunctionName="Python")) == "AccessDeniedException"
    assert refused(lambda: reader.invoke(FunctionName="Steps:live", Payload=b"1")) == "AccessDeniedException"


def test_boto3_is_told_what_is_wrong_with_its_key(exposed):
    wrong = exposed.client("lambda", exposed.caller, secret="wrong")
    assert refused(wrong.list_functions) == "InvalidSignatureException"
    nobody = {"access_key_id": "AKIANOBODY", "secret_access_key": "x"}
    assert refused(exposed.client("lambda", nobody).list_functions) == "UnrecognizedClientException"
    assert refused(exposed.client("dynamodb", exposed.caller).list_tables) == "AccessDeniedException"
    assert exposed.client("dynamodb", exposed.admin).list_tables()["TableNames"] == ["Notes"]


def test_the_aws_cli_signs(exposed):
    command = [str(Path(sys.executable).parent / "aws"), "lambda", "invoke", "--function-name", "Steps:live"]
    command += ["--payload", "2", str(exposed.scratch / "answer")]
    done = subprocess.run(command, capture_output=True, text=True, env=exposed.environment(exposed.caller))
    assert done.returncode == 0, done.stderr
    assert (exposed.scratch / "answer").read_text() == "12"


def test_a_presigned_url_is_good_for_its_request(exposed):
    key = exposed.caller
    credentials = botocore.credentials.Credentials(key["access_key_id"], key["secret_access_key"])
    url = f"{exposed.endpoint}/2025-12-01/functions/Steps/durable-executions?MaxItems=5"
    request = botocore.awsrequest.AWSRequest(method="GET", url=url)
    botocore.auth.SigV4QueryAuth(credentials, "lambda", "us-east-1", expires=60).add_auth(request)
    with exposed.get(request.url) as answer:
        assert "DurableExecutions" in json.load(answer)
    with pytest.raises(urllib.error.HTTPError) as error:
        exposed.get(request.url.replace("MaxItems=5", "MaxItems=6"))
    assert error.value.headers["x-amzn-errortype"] == "InvalidSignatureException"


def test_functions_do_what_their_templates_grant(exposed):
    client = exposed.client("lambda", exposed.admin)
    arn = client.invoke(FunctionName="Steps:live", Payload=b"1")["DurableExecutionArn"]
    event = json.dumps({"arn": arn}).encode()
    python = json.load(client.invoke(FunctionName="Python", Payload=event)["Payload"])
    denied = "AccessDeniedException"
    expected = {"invoked": 11, "written": "1", "tables": denied, "functions": denied, "history": denied}
    assert python == expected
    node = json.load(client.invoke(FunctionName="Node", Payload=event)["Payload"])
    assert node == {"invoked": 11, "functions": denied, "execution": denied}


def test_machines_do_what_their_templates_grant(exposed):
    states = exposed.client("stepfunctions", exposed.admin)
    caller = exposed.client("stepfunctions", exposed.caller)
    prefix = "arn:aws:states:us-east-1:000000000000:stateMachine"

    def ended(name):
        arn = caller.start_execution(stateMachineArn=f"{prefix}:{name}", input="{}")["executionArn"]

        def look():
            shown = caller.describe_execution(executionArn=arn)
            return (shown if shown["status"] != "RUNNING" else None), shown

        return until(f"{name} has ended", look)

    noting = ended("noting")
    assert noting["status"] == "SUCCEEDED", noting
    started = json.loads(noting["output"])["ExecutionArn"]
    until("the other one has ended", lambda: (caller.describe_execution(executionArn=started)["status"] == "SUCCEEDED", None))
    narrow = ended("narrow")
    # AWS's first SDK for Java has no class for it.
    assert (narrow["status"], narrow["error"]) == ("FAILED", "DynamoDB.AmazonDynamoDBException")
    assert "Error Code: AccessDeniedException;" in narrow["cause"]
    create = {"name": "mine", "definition": "{}", "roleArn": "arn:aws:iam::000000000000:role/r"}
    assert refused(lambda: caller.create_state_machine(**create)) == "AccessDeniedException"
    assert refused(lambda: caller.stop_execution(executionArn=started)) == "AccessDeniedException"
    assert refused(lambda: exposed.client("stepfunctions", exposed.reader).list_state_machines()) == "AccessDeniedException"
    names = [it["name"] for it in states.list_state_machines()["stateMachines"]]
    assert names == ["narrow", "noting", "small"]


def test_activities_and_map_runs_are_resources_of_their_own(exposed):
    states = exposed.client("stepfunctions", exposed.admin)
    own, other = f"{STATES}:activity:own", f"{STATES}:activity:other"
    worker = exposed.client("stepfunctions", exposed.worker)
    denied = "AccessDeniedException"
    assert worker.create_activity(name="own")["activityArn"] == own
    assert refused(lambda: worker.create_activity(name="other")) == denied
    states.create_activity(name="other")
    role = "arn:aws:iam::000000000000:role/r"
    tasks = {name: {"Type": "Task", "Resource": arn, "End": True} for name, arn in [("Own", own), ("Other", other)]}
    branches = [{"StartAt": name, "States": {name: task}} for name, task in tasks.items()]
    both = {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "Branches": branches, "End": True}}}
    machine = states.create_state_machine(name="both", definition=json.dumps(both), roleArn=role)["stateMachineArn"]
    arn = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    assert worker.get_activity_task(activityArn=own)["taskToken"]
    assert refused(lambda: worker.get_activity_task(activityArn=other)) == denied
    assert worker.describe_activity(activityArn=own)["name"] == "own"
    assert refused(lambda: worker.describe_activity(activityArn=other)) == denied
    assert refused(lambda: worker.list_activities()) == denied
    assert refused(lambda: worker.delete_activity(activityArn=own)) == denied
    states.stop_execution(executionArn=arn)

    item = {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    each = json.dumps({"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemProcessor": item, "End": True}}})

    def run_of(name):
        machine = states.create_state_machine(name=name, definition=each, roleArn=role)["stateMachineArn"]
        arn = states.start_execution(stateMachineArn=machine, input="[1, 2]")["executionArn"]
        until(f"{name} has ended", lambda: (states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED", None))
        (run,) = states.list_map_runs(executionArn=arn)["mapRuns"]
        return machine, arn, run["mapRunArn"]

    machine, arn, run = run_of("spread")
    _, other_arn, other_run = run_of("spread-other")
    assert worker.list_map_runs(executionArn=arn)["mapRuns"][0]["mapRunArn"] == run
    assert refused(lambda: worker.list_map_runs(executionArn=other_arn)) == denied
    assert worker.describe_map_run(mapRunArn=run)["executionCounts"]["succeeded"] == 2
    assert refused(lambda: worker.describe_map_run(mapRunArn=other_run)) == denied
    assert len(worker.list_executions(mapRunArn=run)["executions"]) == 2
    assert refused(lambda: worker.list_executions(mapRunArn=other_run)) == denied
    # Nor when the request names what the key may look at as well.
    assert refused(lambda: worker.list_executions(mapRunArn=other_run, stateMachineArn=run)) == denied
    assert refused(lambda: worker.list_executions(stateMachineArn=machine)) == denied
    assert refused(lambda: worker.update_map_run(mapRunArn=run, maxConcurrency=1)) == denied


def test_the_command_line_signs_and_reads_the_record(exposed):
    def lambdura(key, *arguments):
        command = [binary(), *arguments, "--output", "json"]
        return subprocess.run(command, capture_output=True, text=True, env=exposed.environment(key))

    assert lambdura(exposed.admin, "ls").returncode == 0
    made = lambdura(exposed.admin, "keys", "create", "partner", "--policy", "answer")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["access_key_id"].startswith("AKIA")
    taken = lambdura(exposed.caller, "keys", "create", "own", "--policy", "admin")
    assert taken.returncode == 1 and "not authorized to perform: lambdura:CreateAccessKey" in taken.stderr
    lines = [json.loads(line) for line in lambdura(exposed.admin, "audit", "CreateAccessKey").stdout.splitlines()]
    seen = [(line["who"].split(" of this machine")[0].split()[0], line["outcome"]) for line in lines]
    assert seen[-2:] == [("key", "done"), ("key", "refused")]
    assert lines[-2]["resource"].endswith(":access-keys/partner"), lines[-2]
    assert lambdura(exposed.admin, "keys", "disable", "partner").returncode == 0
    changes = lambdura(exposed.admin, "audit", "DisableAccessKey").stdout.splitlines()
    assert json.loads(changes[-1])["resource"].endswith(":access-keys/partner"), changes


def test_nothing_is_let_in_unsigned(exposed):
    for path in ["/2015-03-31/functions", "/lambdura/v1/executions", "/metrics"]:
        with pytest.raises(urllib.error.HTTPError) as error:
            exposed.get(exposed.endpoint + path)
        assert error.value.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException", path
    with exposed.get(exposed.endpoint + "/healthz") as answer:
        assert answer.status == 200


def test_without_a_key_or_tls_nothing_listens(tmp_path):
    template = str(HERE / "access/template.yaml")
    data = tmp_path / "data"
    command = [binary(), "up", template, "--listen", "0.0.0.0:0", "--data-dir", str(data)]
    command += rust_code("ten-steps", tmp_path / "rust")
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode != 0
    assert "encrypted" in done.stderr and "--tls-cert" in done.stderr, done.stderr
    done = subprocess.run([*command, "--behind-proxy"], capture_output=True, text=True, env=ENVIRONMENT)
    assert "access key" in done.stderr and "lambdura keys create NAME" in done.stderr, done.stderr
