"""AWS's conformance suite for OpenTelemetry, `aws-durable-execution-conformance-tests-otel`, on its plugin for Python.

Every requirement names a scenario, which `otel/src/scenarios.py` has under that name. The functions export by OTLP, over
HTTP, to a collector of this module. The suite's own `collector` backend reads what a collector stored in a bucket: its
client for S3 is a stand-in for the two calls that it makes, and everything from there on is AWS's own code.

All requirements run at the same time, on threads, before the first test; each is one test, which looks at its result.
"""

import dataclasses
import io
import sys
import threading
import types
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType

import pytest
from aws_durable_execution_conformance_tests import sam
from aws_durable_execution_conformance_tests.clients import AwsClients
from aws_durable_execution_conformance_tests.extensions import ValidationContext
from aws_durable_execution_conformance_tests.validate import load_yaml_file, validate_description
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from system import until, up

if sys.version_info < (3, 14):
    # The suite reads objects that Zstandard has compressed, by a module that is new in Python 3.14. There are none here.
    class ZstdError(Exception):
        pass

    def decompress(_):
        raise ZstdError("no object of this collector is compressed")

    sys.modules["compression"] = types.ModuleType("compression")
    sys.modules["compression"].zstd = types.SimpleNamespace(ZstdError=ZstdError, decompress=decompress)

from aws_durable_execution_conformance_tests_otel.extension import OtelExtension

SUITE = {
    "name": "otel",
    "sdk": "aws-durable-execution-conformance-tests-otel",
    "version": "0.2.0",
}
SERVICE = "durable-execution-conformance"
REGION = "us-east-1"
VIEWS = {"invocation": "InvocationView", "execution": "ExecutionView"}
# Most of the time they wait for timers.
AT_ONCE = 24
# Processes of a function; each takes a second of a processor to start.
PROCESSES = "6"
OPTIONS = {
    "otel_backend": "collector",
    "otel_backend_endpoint": "s3://telemetry/traces",
    "otel_service_name": SERVICE,
    "otel_poll_timeout": 30,
    "otel_poll_interval": 0.5,
    "otel_poll_attempts": 60,
}


@dataclasses.dataclass(frozen=True)
class Case:
    """A requirement, as one of the plugin's views has to meet it."""

    suite: str
    path: Path
    view: str

    @property
    def name(self):
        return self.path.stem if self.suite != "otel-long-running" else f"{self.path.stem}-{self.view}"

    @property
    def requirement(self):
        """The long-running ones say what they expect of either view."""
        requirement = load_yaml_file(str(self.path))
        if self.suite == "otel-long-running" and self.view == "execution":
            requirement["TelemetryAssertions"] = requirement["ExecutionTelemetryAssertions"]
        return requirement

    @property
    def function(self):
        is_interrupted = self.requirement["Input"]["scenario"] == "wait-interrupted"
        return VIEWS[self.view] + ("Interrupted" if is_interrupted else "")


SUITES = {suite.name: suite for suite in OtelExtension().requirement_suites()}
VIEWS_OF = {"otel-invocation": ["invocation"], "otel-execution": ["execution"], "otel-long-running": list(VIEWS)}


def in_order(path):
    return int(path.stem.rpartition("-")[2])


CASES = {
    case.name: case
    for name, suite in SUITES.items()
    for path in sorted(suite.root.glob("*.yaml"), key=in_order)
    for case in (Case(name, path, view) for view in VIEWS_OF[name])
}


class Collector:
    """Keeps the requests of functions as objects of a bucket, and those of the server apart from them."""

    def __init__(self):
        self.objects = {}
        self.of_server = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                collector.take(self.path, self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, body):
        with self.lock:
            if path == "/server":
                self.of_server.append(body)
            else:
                assert path == "/v1/traces", path
                self.objects[f"traces/traces_{len(self.objects)}.binpb"] = body

    def spans(self):
        """All spans of both."""
        with self.lock:
            bodies = [*self.of_server, *self.objects.values()]
        requests = map(ExportTraceServiceRequest.FromString, bodies)
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def list_objects_v2(self, Bucket, Prefix):
        assert (Bucket, Prefix) == ("telemetry", "traces")
        with self.lock:
            return {"Contents": [{"Key": key} for key in self.objects], "IsTruncated": False}

    def get_object(self, Bucket, Key):
        with self.lock:
            return {"Body": io.BytesIO(self.objects[Key])}


class Stack:
    """The functions of the stack, for whoever asks CloudFormation for them."""

    def get_paginator(self, operation):
        assert operation == "list_stack_resources"
        return self

    def paginate(self, StackName):
        resources = [
            {
                "ResourceType": "AWS::Lambda::Function",
                "LogicalResourceId": function,
                "PhysicalResourceId": f"{StackName}-{function}",
            }
            for function in {case.function for case in CASES.values()}
        ]
        return [{"StackResourceSummaries": resources}]


@pytest.fixture(scope="module")
def collector():
    collector = Collector()
    yield collector
    collector.server.shutdown()


@pytest.fixture(scope="module")
def system(tmp_path_factory, collector):
    arguments = ["--concurrency", PROCESSES]
    arguments += ["--env", f"OTEL_EXPORTER_OTLP_ENDPOINT={collector.url}", "--env", f"OTEL_SERVICE_NAME={SERVICE}"]
    own = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{collector.url}/server"}
    with up("otel", tmp_path_factory.mktemp("otel"), *arguments, variables=own) as system:
        yield system


@pytest.fixture(scope="module")
def outcomes(request, system, collector, tmp_path_factory):
    """Judges the requirements of all tests that were chosen; a future of each."""
    stack = Stack()
    invoker = sam.Invoker("otel", REGION, lambda_client=system.client, cfn_client=stack)
    services = {"lambda": system.client, "cloudformation": stack, "s3": collector}

    folder = tmp_path_factory.mktemp("judged")

    def judge(case):
        scratch = folder / case.name
        scratch.mkdir()
        result = validate_description(
            case.function,
            case.path.stem,
            str(case.path),
            invoker,
            str(scratch),
            REGION,
            AwsClients(MappingProxyType(services)),
            output_dir=str(scratch),
        )
        if not result.passed:
            return result, result.errors
        context = ValidationContext(
            description_id=result.description_id,
            function_name=result.function_name,
            execution_arn=result.execution_arn,
            invocation_started_at_ms=result.invocation_started_at_ms,
            invocation_finished_at_ms=result.invocation_finished_at_ms,
            region=REGION,
            language="python",
            requirement=case.requirement,
            execution_history=result.execution_history,
            output_dir=scratch,
            placeholders={**result.placeholders, "EXECUTION_ARN": result.execution_arn},
            options=OPTIONS,
            aws_clients=services,
        )
        return result, SUITES[case.suite].validation_hook(context)

    here = [test for test in request.session.items if test.path == request.path and hasattr(test, "callspec")]
    chosen = [test.callspec.params["name"] for test in here if "name" in test.callspec.params]
    # Those that end by a timeout take longest, and begin first. The timeout is for the wait, not for a process to start.
    chosen.sort(key=lambda name: "Interrupted" not in CASES[name].function)
    for function in {CASES[name].function for name in chosen if "Interrupted" in CASES[name].function}:
        until(f"{function} has a process", lambda function=function: answers(system, function))
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return {name: pool.submit(judge, CASES[name]) for name in chosen}


def answers(system, function):
    answer = system.client.invoke(
        FunctionName=f"otel-{function}", Qualifier="$LATEST", Payload=b'{"scenario": "success"}'
    )
    return "FunctionError" not in answer, answer["Payload"].read()


@pytest.mark.parametrize("name", CASES)
def test_requirement(name, outcomes):
    _, errors = outcomes[name].result()
    assert not errors, "\n".join([f"{name}: {CASES[name].requirement['description']}", *errors])


def test_no_requirement_is_forgotten():
    assert set(SUITES) == set(VIEWS_OF)
    assert {path for suite in SUITES.values() for path in suite.root.glob("*")} == {case.path for case in CASES.values()}


@pytest.mark.parametrize("view", VIEWS)
def test_plugin_and_server_make_one_tree(view, system, collector):
    """What the plugin exports hangs below what the server does, and an invoked execution below the one that invoked."""
    answer = system.client.invoke(
        FunctionName=f"otel-{VIEWS[view]}", Qualifier="$LATEST", Payload=b'{"scenario": "chained-invoke"}'
    )
    arn = answer["DurableExecutionArn"]
    child = system.event(arn, "ChainedInvokeStarted")["ChainedInvokeStartedDetails"]["DurableExecutionArn"]

    def look():
        spans = collector.spans()
        of_both = [of(spans, "aws.lambda.durable_execution.arn", one) for one in (arn, child)]
        workflows = [of(spans, "durable.execution.arn", one, "Workflow") for one in (arn, child)]
        found = [*of_both, *workflows]
        if not all(found):
            return None, [span.name for span in spans]
        of_trace = [span for span in spans if span.trace_id == found[0].trace_id]
        ids = {span.span_id for span in of_trace}
        orphans = [span.name for span in of_trace if span.parent_span_id and span.parent_span_id not in ids]
        return (None if orphans else (found, of_trace)), f"without their parents: {orphans}"

    found, of_trace = until("all spans were exported, each with its parent", look)
    own, own_of_child, workflow, workflow_of_child = found
    assert workflow.parent_span_id == own.span_id
    assert workflow_of_child.parent_span_id == own_of_child.span_id
    assert [span.span_id for span in of_trace if not span.parent_span_id] == [own.span_id]
    assert own_of_child in of_trace and workflow_of_child in of_trace


def of(spans, key, value, name=None):
    """The span that has this attribute, and this name if there is one."""
    for span in spans:
        attributes = {one.key: one.value.string_value for one in span.attributes}
        if attributes.get(key) == value and name in (None, span.name):
            return span
    return None
