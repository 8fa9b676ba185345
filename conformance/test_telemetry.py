"""Traces of executions, taken by a collector that decodes them with OpenTelemetry's own messages."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

from system import install, until, up

SHOWCASE = "../console/showcase"


class HttpCollector:
    """Takes what is sent over HTTP, but refuses the first request as a busy collector would."""

    def __init__(self):
        self.headers = {}
        self.spans = []
        self.is_busy = True
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                is_refused, collector.is_busy = collector.is_busy, False
                if not is_refused and self.path == "/v1/traces":
                    collector.headers = {name.lower(): value for name, value in self.headers.items()}
                    collector.spans += spans(message(self.headers["content-type"], body))
                self.send_response(503 if is_refused else 200)
                self.send_header("retry-after", "0")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.shown = f"{self.url}/v1/traces"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class GrpcCollector(TraceServiceServicer):
    """The same over gRPC, with OpenTelemetry's own service."""

    def __init__(self):
        self.headers = {}
        self.spans = []
        self.is_busy = True
        self.server = grpc.server(ThreadPoolExecutor(max_workers=2))
        add_TraceServiceServicer_to_server(self, self.server)
        port = self.server.add_insecure_port("127.0.0.1:0")
        self.url = self.shown = f"http://127.0.0.1:{port}"
        self.server.start()

    def Export(self, request, context):
        is_refused, self.is_busy = self.is_busy, False
        if is_refused:
            context.abort(grpc.StatusCode.UNAVAILABLE, "busy")
        self.headers = dict(context.invocation_metadata())
        self.spans += spans(request)
        return ExportTraceServiceResponse()


def message(content_type, body):
    """The request, in protobuf or JSON."""
    if content_type == "application/json":
        return Parse(ids_as_base64(body), ExportTraceServiceRequest())
    return ExportTraceServiceRequest.FromString(body)


def spans(request):
    """Each span, with the resource that it is of."""
    return [
        (of_resource.resource, span)
        for of_resource in request.resource_spans
        for scope in of_resource.scope_spans
        for span in scope.spans
    ]


def ids_as_base64(body):
    """OTLP writes ids in hexadecimal where protobuf's JSON has base64."""
    import base64

    request = json.loads(body)
    for of_resource in request["resourceSpans"]:
        for scope in of_resource["scopeSpans"]:
            for span in scope["spans"]:
                for key in ("traceId", "spanId", "parentSpanId"):
                    if key in span:
                        span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    return json.dumps(request)


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json", "grpc"])
def test_an_execution_becomes_one_trace_with_its_gaps_named(tmp_path, monkeypatch, protocol):
    collector = GrpcCollector() if protocol == "grpc" else HttpCollector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=night%20shift")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "orders")
    install(dict.fromkeys(["OrderFunction", "ShippingFunction"], "showcase"), tmp_path / "system/data")
    with up(SHOWCASE, tmp_path / "system", "--no-build") as system:
        retried = system.begin("OrderFunction", {"scenario": "retries", "delay": 1}, "retried")
        failed = system.begin("OrderFunction", {"scenario": "fail", "message": "no more of it"}, "failed")
        system.ended(retried)
        system.ended(failed)

        def both():
            roots = [span for _, span in collector.spans if not span.parent_span_id]
            return len(roots) == 2, [span.name for span in roots]

        until("both traces were taken", both)
        assert system.get("/lambdura/v1/system")["telemetry"]["otlp_endpoint"] == collector.shown
    assert collector.headers["x-team"] == "night shift"
    taken = collector.spans
    resource = {one.key: one.value.string_value for one in taken[0][0].attributes}
    assert resource["service.name"] == "orders"

    roots = {attributes(span)["aws.lambda.durable_execution.arn"]: span for _, span in taken if not span.parent_span_id}
    assert set(roots) == {retried, failed}
    assert roots[failed].status.message.endswith("no more of it")
    assert attributes(roots[failed])["faas.trigger"] == "other"
    of_retried = sorted(
        (span for _, span in taken if span.trace_id == roots[retried].trace_id),
        key=lambda span: (span.start_time_unix_nano, -span.end_time_unix_nano),
    )
    names = [span.name for span in of_retried]
    assert names.count("third_time_lucky") == 1
    assert [name for name in names if name.startswith("invocation")] == ["invocation 1", "invocation 2", "invocation 3"]
    assert names.count("until the next attempt of third_time_lucky") == 2
    assert len({span.span_id for span in of_retried}) == len(of_retried)
    root = of_retried[0]
    for span in of_retried:
        assert root.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano <= root.end_time_unix_nano


def attributes(span):
    return {one.key: one.value.string_value for one in span.attributes}
