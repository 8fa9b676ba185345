"""Our SDK on AWS's own emulator: a function that uses every operation, and the loan workflow, end there as they should.

The emulator is `dex-local-runner` of the package `aws-durable-execution-sdk-python-testing`. It invokes functions
through the Lambda API, so what stands between it and our function is played here: Invoke on one side, the Runtime API
that a function process asks for its invocations on the other.
"""

import json
import os
import queue
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from ports import free_port

LAMBDURA = Path(os.environ["LAMBDURA_BIN"])
# Built by the same cargo command.
HANDLERS = LAMBDURA.with_name("conformance-handlers")
REGION = "us-east-1"
# Longest time that anything may take; the machine may be busy.
PATIENCE_SECONDS = 120
INVOCATION_SECONDS = 60


class FunctionProcess:
    """A function's process and the Runtime API that feeds it, one invocation at a time."""

    def __init__(self, name, handler, environment, program=HANDLERS):
        self.waiting = queue.Queue()
        self.answers = {}
        self.server = serve(self.runtime_api)
        api = f"127.0.0.1:{self.server.server_port}"
        settings = {
            "AWS_LAMBDA_RUNTIME_API": api,
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "_HANDLER": handler,
        }
        self.process = subprocess.Popen([program], env=environment | settings)

    def invoke(self, payload):
        request_id = str(uuid.uuid4())
        answer = self.answers[request_id] = queue.Queue()
        self.waiting.put((request_id, payload))
        return answer.get(timeout=INVOCATION_SECONDS)

    def runtime_api(self, request, body):
        path = request.path.removeprefix("/2018-06-01/runtime/invocation/")
        if path == "next":
            request_id, payload = self.waiting.get()
            deadline = int((time.time() + INVOCATION_SECONDS) * 1000)
            headers = {
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:{REGION}:000000000000:function:f",
            }
            return 200, headers, payload
        request_id, outcome = path.split("/")
        self.answers.pop(request_id).put((outcome, body))
        return 202, {}, b"{}"

    def close(self):
        self.process.kill()
        self.process.wait()
        self.server.shutdown()


def serve(answer):
    """Serves `answer(request, body) -> (status, headers, body)` on a free port, on threads."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, content = answer(self, body)
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(content))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def invoke_api(functions):
    """The Lambda API as far as the emulator uses it: `Invoke`, synchronously."""

    def answer(request, body):
        path = urllib.parse.unquote(urllib.parse.urlparse(request.path).path)
        name = path.removeprefix("/2015-03-31/functions/").removesuffix("/invocations")
        outcome, content = functions[name.split(":")[0]].invoke(body)
        headers = {"Content-Type": "application/json", "x-amzn-RequestId": str(uuid.uuid4())}
        if outcome == "error":
            headers["X-Amz-Function-Error"] = "Unhandled"
        return 200, headers, content

    return answer


def until(what, look):
    """Polls until `look` returns something; a failure shows what was seen last."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found, seen = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited until {what}; last seen: {seen}"
        time.sleep(0.1)


def is_healthy(endpoint):
    try:
        with urllib.request.urlopen(f"{endpoint}/health", timeout=5) as answer:
            return answer.status == 200, answer.status
    except (urllib.error.URLError, ConnectionError) as error:
        return None, error


@pytest.fixture
def emulator(tmp_path):
    """The emulator's endpoint, with two functions behind it."""
    with ExitStack() as running:
        endpoint = f"http://127.0.0.1:{free_port()}"
        # A function must not depend on the developer's AWS settings, nor on those of the suite.
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL_LAMBDA": endpoint,
            "ECHO_FUNCTION": "echo:$LATEST",
        }
        functions = {name: FunctionProcess(name, name, environment) for name in ("every-operation", "echo")}
        for function in functions.values():
            running.callback(function.close)
        run_emulator(running, endpoint, environment, functions, tmp_path / "emulator.log")
        yield endpoint


def run_emulator(running, endpoint, environment, functions, log):
    """Starts the emulator at its endpoint, in front of functions, until `running` ends."""
    lambda_api = serve(invoke_api(functions))
    running.callback(lambda_api.shutdown)
    durable = {"DurableConfig": {"ExecutionTimeout": 60, "RetentionPeriodInDays": 1}}
    command = [shutil.which("dex-local-runner"), "start-server"]
    command += ["--host", "127.0.0.1", "--port", endpoint.rpartition(":")[2]]
    command += ["--lambda-endpoint", f"http://127.0.0.1:{lambda_api.server_port}"]
    command += ["--local-runner-endpoint", endpoint, "--local-runner-region", REGION]
    command += ["--function-configs", json.dumps({"echo": durable})]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    running.callback(process.wait)
    running.callback(process.kill)
    until("the emulator answers", lambda: is_healthy(endpoint))


def start(endpoint, function, event):
    body = {
        "AccountId": "000000000000",
        "FunctionName": function,
        "FunctionQualifier": "$LATEST",
        "ExecutionName": "every-operation",
        "ExecutionTimeoutSeconds": PATIENCE_SECONDS,
        "ExecutionRetentionPeriodDays": 1,
        "InvocationId": str(uuid.uuid4()),
        "Input": json.dumps(event),
    }
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(
        f"{endpoint}/start-durable-execution", json.dumps(body).encode(), headers
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["ExecutionArn"]


def test_a_function_with_every_operation_ends_on_the_emulator(emulator):
    session = boto3.Session("test", "test", region_name=REGION)
    client = session.client("lambda", endpoint_url=emulator)
    arn = start(emulator, "every-operation", "something small")
    answered = set()

    def look():
        shown = client.get_durable_execution(DurableExecutionArn=arn)
        history = client.get_durable_execution_history(
            DurableExecutionArn=arn, IncludeExecutionData=True
        )
        for event in history["Events"]:
            if event["EventType"] == "CallbackStarted" and event["Id"] not in answered:
                answered.add(event["Id"])
                client.send_durable_execution_callback_success(
                    CallbackId=event["CallbackStartedDetails"]["CallbackId"],
                    Result=json.dumps(f"for {event['Name']}").encode(),
                )
        return (shown if shown["Status"] != "RUNNING" else None), history["Events"]

    ended = until("the execution has ended", look)
    assert ended["Status"] == "SUCCEEDED", ended
    assert json.loads(ended["Result"]) == {
        "retried": "Operation succeeded",
        "child": "something small",
        "large": 300 * 1024,
        "mapped": ["a", "b", "c"],
        "flat": ["d", "e"],
        "counted": 2,
        "calledBack": "for callback",
        "answer": "for answer create callback id",
        "echoed": {"hello": "world"},
    }


# A table, and a function that tells where it is served: only functions know that.
TABLE_TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Progress:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: progress
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: application_id, AttributeType: S}]
      KeySchema: [{AttributeName: application_id, KeyType: HASH}]
  Where:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: where, CodeUri: code/, Handler: where.handler, Runtime: python3.11}
"""
WHERE = "import os\ndef handler(event, context):\n    return os.environ['AWS_ENDPOINT_URL_DYNAMODB']\n"


@pytest.fixture
def tables(tmp_path):
    """The endpoint of a DynamoDB with the loan's table."""
    (tmp_path / "code").mkdir()
    (tmp_path / "template.yaml").write_text(TABLE_TEMPLATE)
    (tmp_path / "code/where.py").write_text(WHERE)
    ready = tmp_path / "ready.json"
    command = [LAMBDURA, "up", tmp_path, "--listen", "127.0.0.1:0", "--ready-file", ready, "--no-reload"]
    with (tmp_path / "tables.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        until("the tables are served", lambda: (ready.exists(), (tmp_path / "tables.log").read_text()))
        endpoint = json.loads(ready.read_text())["endpoint"]
        client = boto3.Session("test", "test", region_name=REGION).client("lambda", endpoint_url=endpoint)
        yield json.load(client.invoke(FunctionName="where", Payload=b"{}")["Payload"])
    finally:
        process.terminate()
        process.wait()


def with_fraud_check(emulator, functions):
    """The Lambda API that the loan's functions see: the emulator's, and the fraud check's `Invoke`, which the emulator
    does not have."""

    def answer(request, body):
        path = urllib.parse.unquote(urllib.parse.urlparse(request.path).path)
        if path.endswith("/invocations"):
            threading.Thread(target=functions["fraud-check"].invoke, args=[body], daemon=True).start()
            return 202, {}, b""
        headers = {"Content-Type": request.headers.get("Content-Type") or "application/json"}
        data = body if request.command == "POST" else None
        forwarded = urllib.request.Request(emulator + request.path, data, headers, method=request.command)
        try:
            with urllib.request.urlopen(forwarded, timeout=INVOCATION_SECONDS) as answered:
                return answered.status, {"Content-Type": "application/json"}, answered.read()
        except urllib.error.HTTPError as error:
            return error.code, {"Content-Type": "application/json"}, error.read()

    return answer


def test_the_loan_workflow_ends_on_the_emulator(tables, tmp_path):
    endpoint = f"http://127.0.0.1:{free_port()}"
    functions = {}
    with ExitStack() as running:
        lambda_api = serve(with_fraud_check(endpoint, functions))
        running.callback(lambda_api.shutdown)
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{lambda_api.server_port}",
            "AWS_ENDPOINT_URL_DYNAMODB": tables,
            "PROGRESS_TABLE": "progress",
            "FRAUD_CHECK_FUNCTION": "fraud-check",
            "DEMO_PACE": "0",
        }
        for name in ("loan-workflow", "fraud-check"):
            functions[name] = FunctionProcess(name, "bootstrap", environment, LAMBDURA.with_name(name))
            running.callback(functions[name].close)
        run_emulator(running, endpoint, environment, functions, tmp_path / "emulator.log")
        client = boto3.Session("test", "test", region_name=REGION).client("lambda", endpoint_url=endpoint)
        application = {
            "application_id": "LOAN-1700000000-ABCD",
            "applicant_name": "Alice Johnson",
            "sin": "1111",
            "loan_amount": 150_000,
            "address": "1 Main Street",
            "phone": "613-555-0101",
        }
        arn = start(endpoint, "loan-workflow", application)
        answered = set()

        def look():
            shown = client.get_durable_execution(DurableExecutionArn=arn)
            events = client.get_durable_execution_history(DurableExecutionArn=arn, IncludeExecutionData=True)["Events"]
            for event in events:
                if event["EventType"] == "CallbackStarted" and "manager" in event["Name"] and not answered:
                    answered.add(event["Id"])
                    client.send_durable_execution_callback_success(
                        CallbackId=event["CallbackStartedDetails"]["CallbackId"], Result=b'{"approved": true}'
                    )
            return (shown if shown["Status"] != "RUNNING" else None), events

        ended = until("the loan is decided", look)
    assert ended["Status"] == "SUCCEEDED", ended
    result = json.loads(ended["Result"])
    assert (result["status"], result["loan_amount"]) == ("approved", 150_000), result
