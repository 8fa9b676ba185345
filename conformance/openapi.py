"""`docs/openapi.json`: what a server answers at its main port, as OpenAPI 3.1.

AWS's operations are those that docs/parity.md found to be served, in the shapes of AWS's own model; the others are those
of console/openapi.json, which the server's tests hold to the code.
"""

import json
import re
from pathlib import Path

import botocore.session

ROOT = Path(__file__).parent.parent
# Names of AWS's shapes, beside those of our own.
PREFIX = "Lambda."


def document():
    """The whole document."""
    own = json.loads((ROOT / "console/openapi.json").read_text())
    lambda_api = LambdaApi()
    paths = {path: named(path, methods) for path, methods in own["paths"].items()}
    for path, methods in lambda_api.paths().items():
        paths.setdefault(path, {}).update(methods)
    schemas = own["components"]["schemas"] | lambda_api.schemas
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lambdura",
            "version": own["info"]["version"],
            "description": "AWS Lambda's API as a server answers it, and the routes that AWS has not.",
            "license": own["info"]["license"],
        },
        "servers": [{"url": "http://127.0.0.1:3001"}],
        "tags": [
            {"name": "lambda", "description": "Operations of AWS Lambda, by any AWS SDK"},
            {"name": "lambdura", "description": "Routes that AWS has not"},
        ],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def text():
    """The file."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def named(path, methods):
    """Our own routes under names that no two have."""
    words = re.sub(r"^/lambdura/v1", "", path)
    words = re.sub(r"[^A-Za-z0-9]+", " ", words).title().replace(" ", "")
    return {method: route | {"operationId": method.title() + words, "tags": ["lambdura"]} for method, route in methods.items()}


def served():
    """The operations of AWS that are served."""
    parity = (ROOT / "docs/parity.md").read_text()
    listed = re.findall(r"^- \d+ .* are served: (.*)\.$", parity, re.MULTILINE)
    return sorted(", ".join(listed).split(", "))


class LambdaApi:
    """AWS's model as schemas, of what is served only."""

    def __init__(self):
        self.model = botocore.session.get_session().get_service_model("lambda")
        self.schemas = {
            PREFIX + "Error": {
                "type": "object",
                "description": "An error; its name is in the header `x-amzn-ErrorType` too, and has a section in docs/errors.md.",
                "properties": {name: {"type": "string"} for name in ["__type", "Type", "message", "Message", "Reason"]},
                "required": ["__type", "Type"],
            }
        }

    def paths(self):
        paths = {}
        for name in served():
            operation = self.model.operation_model(name)
            path = operation.http["requestUri"].split("?")[0].rstrip("/")
            paths.setdefault(path.replace("+}", "}"), {})[operation.http["method"].lower()] = self.operation(operation)
        return paths

    def operation(self, operation):
        described = {"operationId": operation.name, "tags": ["lambda"]}
        members = members_of(operation.input_shape)
        parameters = [self.parameter(name, shape, operation.input_shape) for name, shape in members.items() if shape.serialization.get("location") in PLACES]
        if parameters:
            described["parameters"] = parameters
        content = self.content(operation.input_shape)
        if content:
            described["requestBody"] = {"content": content}
        answer = {"description": "Success"}
        content = self.content(operation.output_shape)
        if content:
            answer["content"] = content
        error = {"$ref": f"#/components/schemas/{PREFIX}Error"}
        # Invoke tells its kind by the status: 200, 202 for an event, 204 for a dry run.
        statuses = ["200", "202", "204"] if operation.name == "Invoke" else [str(operation.http.get("responseCode", 200))]
        described["responses"] = {
            **{status: answer if status != "204" else {"description": "Success"} for status in statuses},
            "default": {"description": "An error", "content": {"application/json": {"schema": error}}},
        }
        return described

    def parameter(self, name, shape, of):
        place = PLACES[shape.serialization["location"]]
        return {
            "name": shape.serialization.get("name", name),
            "in": place,
            "required": place == "path" or name in of.required_members,
            "schema": self.schema(shape),
        }

    def content(self, shape):
        """The body of a request or an answer: what is not in the path, the query or the headers."""
        body = {name: it for name, it in members_of(shape).items() if "location" not in it.serialization}
        payload = shape.serialization.get("payload") if shape else None
        if payload:
            it = shape.members[payload]
            if it.type_name == "blob" or it.serialization.get("eventstream"):
                return {"application/octet-stream": {}} if it.type_name == "blob" else {"application/vnd.amazon.eventstream": {}}
            return {"application/json": {"schema": self.schema(it)}}
        return {"application/json": {"schema": self.structure(shape)}} if body else None

    def schema(self, shape):
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape)
        if kind == "list":
            return {"type": "array", "items": self.schema(shape.member)}
        if kind == "map":
            return {"type": "object", "additionalProperties": self.schema(shape.value)}
        if kind == "string" and shape.enum:
            return {"type": "string", "enum": list(shape.enum)}
        if kind == "blob":
            return {"type": "string", "contentEncoding": "base64"}
        if kind == "timestamp":
            # Moments of executions are seconds since 1970, those of functions are text; each may have a fraction.
            return {"type": ["number", "string"]}
        return {"type": TYPES[kind]}

    def structure(self, shape):
        """A schema of its own, of what is in a body."""
        name = PREFIX + shape.name
        if name not in self.schemas:
            # Before its members, which may be of the same shape.
            self.schemas[name] = described = {"type": "object"}
            body = {member: it for member, it in shape.members.items() if "location" not in it.serialization}
            described["properties"] = {it.serialization.get("name", member): self.schema(it) for member, it in body.items()}
            required = [it.serialization.get("name", member) for member, it in body.items() if member in shape.required_members]
            if required:
                described["required"] = required
        return {"$ref": f"#/components/schemas/{name}"}


PLACES = {"uri": "path", "querystring": "query", "header": "header"}
TYPES = {"string": "string", "integer": "integer", "long": "integer", "boolean": "boolean", "double": "number", "float": "number"}


def members_of(shape):
    return shape.members if shape else {}
