"""Whoever finds a listener of a service and has no credentials gets refusals and health, and nothing else.

The listeners are those that the kernel says the process has; they are asked for every route that is described, and for
every operation of the services of AWS that have a face here.
"""

import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
from pathlib import Path

import boto3
import botocore.config
import botocore.loaders
import pytest
from cluster import Postgres
from system import HERE, PATIENCE_SECONDS, START_SECONDS, binary, until

SEALING_KEY = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("LAMBDURA_", "AWS_"))}

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Notes:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Notes
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
      KeySchema: [{ AttributeName: id, KeyType: HASH }]
  Guarded:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: Guarded
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code/
      AutoPublishAlias: live
      DurableConfig: { ExecutionTimeout: 600 }
      FunctionUrlConfig: { AuthType: AWS_IAM }
      Events:
        Api:
          Type: Api
          Properties: { Path: /guarded, Method: ANY, Auth: { Authorizer: AWS_IAM } }
"""

# A function that is not durable by itself: it answers, and waits for the next one.
BOOTSTRAP = """#!/usr/bin/env python3
import os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        request, _ = event.headers["Lambda-Runtime-Aws-Request-Id"], event.read()
    urllib.request.urlopen(urllib.request.Request(api + request + "/response", b'"secret"', method="POST")).read()
"""

# What everybody may see: whether the server is healthy, and the console's page (the same for each of its paths, as far as it
# was built) with its files, which hold nothing.
OPEN = re.compile(r"^/(healthz|readyz|executions|favicon\.svg|robots\.txt|assets/.*|lambdura/v1/session(/oidc(/callback)?)?)?$")
REFUSALS = {400, 401, 403, 404, 405, 411, 413, 415, 421, 426}


class Service:
    def __init__(self, scratch, postgres):
        (scratch / "code").mkdir()
        (scratch / "template.yaml").write_text(TEMPLATE)
        (scratch / "code/bootstrap").write_text(BOOTSTRAP)
        (scratch / "code/bootstrap").chmod(0o755)
        self.certificate = scratch / "server.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        command += ["-keyout", str(scratch / "server.key"), "-out", str(self.certificate), "-days", "2"]
        command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        subprocess.run(command, check=True, capture_output=True)
        variables = ENVIRONMENT | {"LAMBDURA_SEALING_KEY": SEALING_KEY}
        command = [binary(), "keys", "create", "admin", "--policy", "admin", "--store", postgres.url, "--output", "json"]
        made = subprocess.run(command, capture_output=True, text=True, env=variables)
        assert made.returncode == 0, made.stderr
        self.key = json.loads(made.stdout)
        ready, log = scratch / "ready.json", scratch / "up.log"
        command = [binary(), "up", str(scratch / "template.yaml"), "--data-dir", str(scratch / "data")]
        # Every listener there is: the clients', that of the APIs, the other servers', the functions'.
        command += ["--listen", "0.0.0.0:0", "--http-api-listen", "0.0.0.0:0", "--cluster-listen", "127.0.0.1:0"]
        command += ["--store", postgres.url, "--ready-file", str(ready)]
        command += ["--tls-cert", str(self.certificate), "--tls-key", str(scratch / "server.key")]
        with open(log, "wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, env=variables)

        def answers():
            assert self.process.poll() is None, f"`lambdura up` ended:\n{log.read_text()}"
            return ready.exists() and ready.stat().st_size > 0, log.read_text()

        until("it is ready", answers, START_SECONDS)
        self.ready = json.loads(ready.read_text())
        self.port = int(self.ready["endpoint"].rsplit(":", 1)[1])
        self.tls = {}

    def client(self, service):
        return boto3.client(
            service,
            endpoint_url=f"https://localhost:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=self.key["access_key_id"],
            aws_secret_access_key=self.key["secret_access_key"],
            verify=str(self.certificate),
            config=botocore.config.Config(read_timeout=PATIENCE_SECONDS, retries={"total_max_attempts": 1}),
        )

    def listeners(self):
        """The TCP ports that the process listens on, by its own handles and the kernel's tables."""
        handles = Path(f"/proc/{self.process.pid}/fd").iterdir()
        links = [os.readlink(handle) for handle in handles if handle.exists() or handle.is_symlink()]
        sockets = {link[8:-1] for link in links if link.startswith("socket:[")}
        ports = set()
        for table in ["tcp", "tcp6"]:
            for line in Path(f"/proc/{self.process.pid}/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                address, state, inode = fields[1], fields[3], fields[9]
                if state == "0A" and inode in sockets:
                    ports.add(int(address.rsplit(":", 1)[1], 16))
        return ports

    def urls(self):
        """Those of APIs and functions, which the service tells whoever starts it."""
        return [url for kind in ["http_apis", "rest_apis", "function_urls"] for url in self.ready[kind].values()]

    def speaks_tls(self, port):
        """What does not answer a plain request speaks TLS, or nothing."""
        if port not in self.tls:
            self.tls[port] = self.once(port, False, "GET", "/healthz", {}, None)[0] is None
        return self.tls[port]

    def ask(self, port, method, path, headers, body=None):
        """The status and the body of an answer; no status where the connection is closed without one."""
        return self.once(port, self.speaks_tls(port), method, path, headers, body)

    def once(self, port, is_tls, method, path, headers, body):
        insecure = ssl.create_default_context()
        insecure.check_hostname, insecure.verify_mode = False, ssl.CERT_NONE
        if is_tls:
            connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS, context=insecure)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read(65536)
        except (ssl.SSLError, ConnectionError, http.client.HTTPException):
            return None, b""
        finally:
            connection.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tempfile.mkdtemp(prefix="lambdura-postgres-")
    postgres = Postgres(folder)
    service = None
    try:
        service = Service(tmp_path_factory.mktemp("scan"), postgres)
        yield service
    finally:
        if service and service.process.poll() is None:
            service.process.send_signal(signal.SIGTERM)
            service.process.wait(60)
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def filled(path):
    """A route with something that is there in each of its places."""
    known = {"FunctionName": "Guarded", "name": "Guarded", "function": "Guarded", "Name": "live", "version": "1"}
    return re.sub(r"\{(\w+)\+?\}", lambda place: known.get(place[1], "x"), path)


def requests():
    """Every request that is described, and every operation of AWS's services here: method, path, headers, body."""
    described = []
    for document in ["docs/openapi.json", "console/openapi.json"]:
        paths = json.loads((HERE.parent / document).read_text())["paths"]
        described += [(method.upper(), filled(path)) for path, methods in paths.items() for method in methods if method != "parameters"]
    loader = botocore.loaders.Loader()
    asked = {(method, path, (), "{}") for method, path in described}
    for name in ["lambda", "stepfunctions", "dynamodb", "sqs", "sns", "events"]:
        model = loader.load_service_model(name, "service-2")
        prefix, version = model["metadata"].get("targetPrefix"), model["metadata"].get("jsonVersion", "1.0")
        for operation in model["operations"].values():
            route = operation["http"]["requestUri"].split("?")[0]
            headers = ()
            if prefix:
                kind = f"application/x-amz-json-{version}"
                headers = (("content-type", kind), ("x-amz-target", f"{prefix}.{operation['name']}"))
            asked.add((operation["http"]["method"], filled(route), headers, "{}"))
    for path in ["/", "/index.html", "/executions", "/metrics", "/guarded", "/Prod/guarded", "/lambdura/v1/session"]:
        asked |= {(method, path, (), "{}") for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]}
    # The Runtime and Extensions APIs, and those of the peers.
    runtime = ["/2018-06-01/runtime/invocation/next", "/2020-01-01/extension/register", "/2020-01-01/extension/event/next"]
    runtime += ["/2018-06-01/runtime/init/error", "/2018-06-01/runtime/invocation/x/response", "/2022-07-01/telemetry"]
    asked |= {(method, path, (), "{}") for path in runtime for method in ["GET", "POST", "PUT"]}
    return sorted(asked)


def test_every_listener_refuses_whoever_has_no_credentials(service):
    functions = service.client("lambda")
    invoked = functions.invoke(FunctionName="Guarded:live", Payload=b"{}", DurableExecutionName="guarded-1")
    assert "FunctionError" in invoked or invoked["StatusCode"] == 200
    # A process of the function is kept, and so its Runtime API.
    listeners = service.listeners()
    told = {int(re.search(r":(\d+)", url.split("//")[1])[1]) for url in service.urls()}
    assert service.port in listeners and told <= listeners
    # Beside those that are told of: the other servers', and the functions'.
    assert len(listeners - told - {service.port}) >= 3, listeners
    # The main port, and what functions reach it by: without TLS, on loopback.
    main = {port for port in listeners if service.ask(port, "GET", "/healthz", {})[0] == 200}
    assert service.port in main and len(main) == 2, main
    seen, wrong = {}, []
    for port in sorted(listeners):
        for method, path, headers, body in requests():
            status, answer = service.ask(port, method, path, dict(headers), body)
            seen[status] = seen.get(status, 0) + 1
            if status is None or status in REFUSALS:
                continue
            if port in main and OPEN.match(path):
                continue
            wrong.append((port, method, path, dict(headers).get("x-amz-target"), status, answer[:120]))
    assert not wrong, f"{len(wrong)} answers, such as {wrong[:20]}"
    # They were refusals for want of credentials, not for want of a route.
    assert seen.get(403, 0) > 300, seen
    # And it goes on as before.
    again = functions.get_function(FunctionName="Guarded")
    assert again["Configuration"]["FunctionName"] == "Guarded"


def test_what_asks_for_a_signature_says_nothing_of_what_is_there(service):
    """Whoever is not known gets the same answer for what is there and for what is not."""

    def refusal(path):
        status, answer = service.ask(service.port, "GET", path, {})
        return status, json.loads(answer)

    for there, not_there in [
        ("/2015-03-31/functions/Guarded", "/2015-03-31/functions/Nothing"),
        ("/lambdura/v1/functions/Guarded", "/lambdura/v1/functions/Nothing"),
        ("/lambdura/v1/audit", "/lambdura/v1/nothing"),
    ]:
        assert refusal(there) == refusal(not_there)
        assert refusal(there)[0] == 403
