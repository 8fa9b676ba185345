"""Random and mutated requests, made from botocore's own shapes: every answer is an answer.

Nothing that a client sends may make the service panic, hang, answer 500 or keep growing. The seed is printed when
a request fails; `FUZZ_SEED` plays one again, and `FUZZ_REQUESTS` makes the run as long as one likes.
"""

import json
import os
import random
import socket
import string
import time
import urllib.request

import botocore.awsrequest
import botocore.session
import pytest
from botocore.config import Config

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
HOST, PORT = ENDPOINT.removeprefix("http://").split(":")
SEED = int(os.environ.get("FUZZ_SEED", "1"))
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "10000"))
# A request that takes longer hangs. Generous, because the machine may be busy.
PATIENCE_SECONDS = 20
# What a run may leave in memory: page caches and the allocator's own.
GROWTH_BYTES_MAX = 200 * 1024 * 1024

# Those that would start the demo's functions over and over, delete them, or change what other suites use, are only
# called with names that do not exist.
FUNCTION = "NoSuchFunction"
ARN = f"arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION}:1/durable-execution/n/i"

NASTY_TEXTS = [
    "", " ", "\0", "a" * 5000, "../../etc/passwd", "%00", "%2F", "ü", "💥", "'; DROP TABLE operations; --", "$LATEST",
    "null", "{}", "-1", "1e309", "NaN", "\u202e", "arn:aws:lambda:::function:", ":" * 50, "/" * 50, "=" * 9,
]
NASTY_NUMBERS = [0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 0.5, 1e308]
NASTY_JSON = [None, True, [], {}, [[]], "x", 0, {"a": {"b": {}}}, [None] * 3]


def served_operations(model):
    """Those whose paths the service knows: the rest answers 404 to everything, which is a test of one line."""
    known = ("/2025-12-01/", "/2015-03-31/functions", "/2017-03-31/tags", "/2019-09-25/functions")
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.http["requestUri"].startswith(known):
            yield operation


class Maker:
    def __init__(self, chance):
        self.chance = chance

    def value(self, shape, depth=0):
        """A value that mostly fits the shape."""
        chance = self.chance
        if chance.random() < 0.05:
            return self.nasty(shape.type_name)
        match shape.type_name:
            case "structure":
                members = shape.members.items()
                return {
                    name: self.value(member, depth + 1)
                    for name, member in members
                    if name in shape.required_members or (depth < 4 and chance.random() < 0.4)
                }
            case "list":
                return [self.value(shape.member, depth + 1) for _ in range(chance.randrange(3))]
            case "map":
                return {self.text(shape.key): self.value(shape.value, depth + 1) for _ in range(chance.randrange(3))}
            case "string":
                return self.text(shape)
            case "integer" | "long":
                return chance.choice([0, 1, 60, 300, shape.metadata.get("min", 0), shape.metadata.get("max", 9)])
            case "float" | "double":
                return chance.random()
            case "boolean":
                return chance.random() < 0.5
            case "timestamp":
                return chance.choice([0, 1_700_000_000, "2025-12-03T22:59:56Z"])
            case "blob":
                return bytes(chance.randrange(256) for _ in range(chance.randrange(40)))
        return None

    def text(self, shape):
        chance = self.chance
        if shape.enum:
            return chance.choice(shape.enum)
        if shape.name.endswith("FunctionName") or "FunctionName" in shape.name:
            return FUNCTION
        if "Arn" in shape.name:
            return ARN
        length = chance.randrange(max(1, shape.metadata.get("min", 1)), 24)
        return "".join(chance.choice(string.ascii_letters + string.digits + "-_") for _ in range(length))

    def nasty(self, type_name):
        chance = self.chance
        if type_name == "string":
            return chance.choice(NASTY_TEXTS)
        if type_name in ("integer", "long", "float", "double"):
            return chance.choice(NASTY_NUMBERS)
        if type_name == "blob":
            return b"\xff\x00" * chance.randrange(50)
        return chance.choice(NASTY_JSON)


def serialised(operation, parameters):
    """Method, path and body as a client would send them; none when even botocore cannot."""
    from botocore import serialize

    serializer = serialize.create_serializer("rest-json", include_validation=False)
    try:
        request = serializer.serialize_to_request(parameters, operation)
    except Exception:  # noqa: BLE001 - parameters that cannot be sent at all are not a finding
        return None
    query = request["query_string"]
    if isinstance(query, dict):
        query = botocore.awsrequest.urlencode(query, doseq=True) if hasattr(botocore.awsrequest, "urlencode") else ""
    path = request["url_path"] + (f"?{query}" if query else "")
    body = request["body"]
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    headers = {name: str(value) for name, value in request["headers"].items()}
    return request["method"], path, headers, body or b""


def mutated(chance, method, path, headers, body):
    """One to three small damages."""
    for _ in range(chance.randrange(4)):
        kind = chance.randrange(7)
        if kind == 0 and body:
            at = chance.randrange(len(body))
            body = body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]
        elif kind == 1 and body:
            body = body[: chance.randrange(len(body))]
        elif kind == 2:
            body = json.dumps(chance.choice(NASTY_JSON)).encode()
        elif kind == 3:
            body = b"[" * chance.choice([10, 1000, 100_000])
        elif kind == 4:
            at = chance.randrange(1, len(path) + 1)
            path = path[:at] + chance.choice(["%", "%zz", "%2F", "//", "%00", "%F0%9F", "?x=", "&&", "%0d%0a"]) + path[at:]
        elif kind == 5:
            method = chance.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
        else:
            headers[chance.choice(["X-Amz-Invocation-Type", "X-Amz-Client-Context", "X-Amz-Durable-Execution-Name"])] = (
                chance.choice(["Event", "???", "a" * 3000, "e30=", "-"])
            )
    return method, path, headers, body


class Connection:
    """A kept connection by hand: http.client would refuse to send half of what is sent here."""

    def __init__(self):
        self.socket = None

    def exchange(self, method, path, headers, body):
        if self.socket is None:
            self.socket = socket.create_connection((HOST, int(PORT)), timeout=PATIENCE_SECONDS)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}:{PORT}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n"
        try:
            self.socket.sendall(head + body)
            return self.answer(method)
        except (ConnectionError, BrokenPipeError):
            self.close()
            return None

    def answer(self, method):
        received = b""
        while b"\r\n\r\n" not in received:
            chunk = self.socket.recv(65536)
            if not chunk:
                self.close()
                return None
            received += chunk
        head, rest = received.split(b"\r\n\r\n", 1)
        status = int(head.split(b" ", 2)[1])
        fields = dict(
            line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line
        )
        length = 0 if method == "HEAD" or status in (204, 304) else int(fields.get(b"content-length", b"0"))
        while len(rest) < length:
            chunk = self.socket.recv(65536)
            if not chunk:
                break
            rest += chunk
        if fields.get(b"connection") == b"close":
            self.close()
        return status, fields, rest[:length]

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def health():
    with urllib.request.urlopen(f"{ENDPOINT}/healthz", timeout=PATIENCE_SECONDS) as answer:
        return json.load(answer)


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_no_request_is_answered_with_a_fault():
    model = botocore.session.get_session().get_service_model("lambda")
    operations = list(served_operations(model))
    assert len(operations) > 30, "botocore knows the operations"
    before = health()
    pid, memory = before["pid"], resident_bytes(before["pid"])
    connection = Connection()
    seen = {}
    for number in range(REQUESTS):
        chance = random.Random(SEED * 1_000_000 + number)
        maker = Maker(chance)
        operation = chance.choice(operations)
        shape = operation.input_shape
        parameters = maker.value(shape) if shape else {}
        request = serialised(operation, parameters) if isinstance(parameters, dict) else None
        if request is None:
            continue
        method, path, headers, body = mutated(chance, *request)
        if any(character in path for character in " \r\n") or not path.isascii():
            # Not one request any more: HTTP's own parser answers that.
            path = path.encode("ascii", "ignore").decode().replace(" ", "").replace("\r", "").replace("\n", "")
        told = f"seed {SEED}, request {number}, {operation.name}: {method} {path[:200]} {headers} {body[:300]!r}"
        started = time.monotonic()
        try:
            answer = connection.exchange(method, path, headers, body)
        except TimeoutError:
            pytest.fail(f"no answer within {PATIENCE_SECONDS} s to {told}")
        if answer is None:
            # The connection was closed on a request that is no HTTP; the service must be there all the same.
            assert health()["pid"] == pid, told
            continue
        status, fields, content = answer
        seen[status] = seen.get(status, 0) + 1
        assert time.monotonic() - started < PATIENCE_SECONDS, told
        if status >= 500:
            # Some of AWS's own errors about what a client sent have such a status.
            name = fields.get(b"x-amzn-errortype", b"")
            assert status == 502 and name in (b"invalidzipfileexception", b"invalidruntimeexception"), (
                f"{status} {content[:300]!r} to {told}"
            )
        if status >= 400 and fields.get(b"x-amzn-errortype") and method != "HEAD":
            assert isinstance(json.loads(content), dict), told
    connection.close()
    assert health()["pid"] == pid
    assert {400, 404} <= set(seen), f"the requests reached the operations: {seen}"
    grown = resident_bytes(pid) - memory
    assert grown < GROWTH_BYTES_MAX, f"the service grew by {grown} bytes"


def test_waiters_of_botocore_know_the_service():
    """The model is the released one: a guard against a botocore that has lost the durable operations."""
    client = botocore.session.get_session().create_client(
        "lambda", endpoint_url=ENDPOINT, config=Config(retries={"max_attempts": 0})
    )
    assert "function_active_v2" in client.waiter_names
    assert hasattr(client, "pause_durable_execution")
