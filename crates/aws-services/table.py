"""Writes `src/table.txt`: what a call of AWS's services needs to know of them, from botocore's service models.

Run it with a Python that has the botocore of `conformance/requirements.txt`: `python table.py`.
"""

import re
from pathlib import Path

import botocore.session

# By what a state machine calls them (`aws-sdk:NAME:…`), and by what botocore calls them.
SERVICES = {
    "athena": "athena",
    "autoscaling": "autoscaling",
    "batch": "batch",
    "bedrock": "bedrock",
    "bedrockagent": "bedrock-agent",
    "bedrockagentruntime": "bedrock-agent-runtime",
    "bedrockruntime": "bedrock-runtime",
    "cloudformation": "cloudformation",
    "cloudwatch": "cloudwatch",
    "cloudwatchlogs": "logs",
    "codebuild": "codebuild",
    "cognitoidentityprovider": "cognito-idp",
    "comprehend": "comprehend",
    "dynamodb": "dynamodb",
    "ecs": "ecs",
    "emr": "emr",
    "emrserverless": "emr-serverless",
    "eventbridge": "events",
    "firehose": "firehose",
    "glue": "glue",
    "kinesis": "kinesis",
    "kms": "kms",
    "lambda": "lambda",
    "organizations": "organizations",
    "polly": "polly",
    "rdsdata": "rds-data",
    "redshiftdata": "redshift-data",
    "rekognition": "rekognition",
    "s3": "s3",
    "sagemaker": "sagemaker",
    "scheduler": "scheduler",
    "secretsmanager": "secretsmanager",
    "ses": "ses",
    "sesv2": "sesv2",
    "sfn": "stepfunctions",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "sts": "sts",
    "support": "support",
    "textract": "textract",
    "transcribe": "transcribe",
    "translate": "translate",
}
# What emulators speak, where AWS speaks several.
PROTOCOLS = ["json", "rest-json", "rest-xml", "query"]
# Where JSON is the newest of several, and emulators know the others better.
QUERY = {"cloudwatch"}
# Operations of S3 that say all they have to say outside of a body of XML.
S3 = """CopyObject CreateBucket DeleteBucket DeleteObject GetBucketLocation GetObject GetObjectAttributes GetObjectTagging
    HeadBucket HeadObject ListBuckets ListObjectVersions ListObjects ListObjectsV2 PutObject""".split()
# Where members are that are not in the body.
PLACES = ("uri", "querystring", "header", "headers", "statusCode")
# Members that people give what is no text, where they are texts.
TEXTS = {"Cause", "Detail", "Input", "Message", "MessageBody", "Output", "SecretString", "Subject", "Value"}


def prefix(service_id):
    """What the errors of AWS's SDK for Java begin with."""
    if service_id == "DynamoDB":
        return "DynamoDb"
    words = service_id.replace("SESv2", "SES V2").split()
    return "".join(word.capitalize() if word.isupper() else word[0].upper() + word[1:] for word in words)


def java(name):
    """A member's name in the SDK for Java, with a capital: `KMSKeyId` is `KmsKeyId`, `jobName` is `JobName`."""
    start = re.match(r"[A-Z]+", name)
    if start:
        letters = start.group()
        count = len(letters) if len(letters) == len(name) or not name[len(letters)].islower() else len(letters) - 1
        name = name[: max(count, 1)].lower() + name[max(count, 1) :]
    return name[0].upper() + name[1:]


class Facts:
    """Names of members by what they are, for a whole service."""

    def __init__(self, model):
        self.model = model
        self.kinds = {}
        self.wires = {}
        self.entries = {}
        self.seen = set()

    def walk(self, shape):
        if shape is None or shape.name in self.seen:
            return
        self.seen.add(shape.name)
        if shape.type_name == "structure":
            for name, member in shape.members.items():
                wire = member.serialization.get("name", name)
                if member.serialization.get("location") not in PLACES:
                    self.wires.setdefault(java(name), set()).add(wire)
                self.kinds.setdefault(java(name), set()).add(kind(member))
                if member.type_name == "list" and member.serialization.get("flattened"):
                    self.kinds[java(name)].add("flat")
                if member.type_name == "map":
                    key, value = member.key.serialization, member.value.serialization
                    self.entries[java(name)] = [key.get("name", "key"), value.get("name", "value")]
                self.walk(member)
        elif shape.type_name == "list":
            self.walk(shape.member)
        elif shape.type_name == "map":
            self.walk(shape.value)

    def of(self, wanted):
        """Names of members of this kind. Some are of another kind elsewhere in the service: mostly of one that a value tells
        apart.
        """
        return sorted(name for name, kinds in self.kinds.items() if wanted in kinds)

    def maps(self, spoken):
        """Maps, with what their keys and values are called in a form, where it is not `key` and `value`."""
        for name in self.of("map"):
            parts = self.entries.get(name, ["key", "value"])
            is_usual = parts == ["key", "value"] or spoken != "query"
            yield name if is_usual else f"{name}:{parts[0]}:{parts[1]}"


def kind(shape):
    if getattr(shape, "is_document_type", False):
        return "document"
    if shape.type_name == "list" and shape.member.type_name in ("structure", "map", "list"):
        inner = kind(shape.member)
        return inner if inner in ("map", "document") else "list"
    return {"integer": "number", "long": "number", "float": "number", "double": "number"}.get(
        shape.type_name, shape.type_name
    )


def labels(uri, shape):
    if shape and "Bucket" in shape.members and "{Bucket}" not in uri:
        # botocore puts the bucket into the host's name.
        uri = "/{Bucket}" + uri.replace("/?", "?") if uri != "/" else "/{Bucket}"
    for name, member in (shape.members if shape else {}).items():
        if member.serialization.get("location") == "uri":
            wire = member.serialization.get("name", name)
            uri = uri.replace("{%s}" % wire, "{%s}" % java(name)).replace("{%s+}" % wire, "{%s+}" % java(name))
    return uri


def rest(operation):
    http = operation.http
    parts = [http["method"], labels(http["requestUri"], operation.input_shape)]
    for shape, out in ((operation.input_shape, ""), (operation.output_shape, "<")):
        if shape is None:
            continue
        payload = shape.serialization.get("payload")
        for name, member in shape.members.items():
            place = member.serialization.get("location")
            wire = member.serialization.get("name", name)
            mark = {"querystring": "?", "header": "^", "headers": "^*", "statusCode": "#"}.get(place)
            if mark:
                parts.append(f"{out}{mark}{wire}={java(name)}")
            elif name == payload:
                raw = "*" if member.type_name in ("blob", "string") else "&"
                parts.append(f"{out}{raw}{java(name)}")
    return " ".join(parts)


def token(operation):
    shape = operation.input_shape
    members = shape.members.items() if shape else ()
    names = [java(name) for name, member in members if member.metadata.get("idempotencyToken")]
    return f"!{names[0]}" if names else ""


def error(shape):
    """An exception, with what it is called on the wire where that differs."""
    code = shape.metadata.get("error", {}).get("code")
    return f"{code}={shape.name}" if code and code != shape.name else shape.name


def service(session, called, name):
    model = session.get_service_model(name)
    meta = model.metadata
    spoken = meta.get("protocols") or [meta["protocol"]]
    protocol = "query" if called in QUERY else next(it for it in PROTOCOLS if it in spoken)
    facts = Facts(model)
    operations = [model.operation_model(it) for it in model.operation_names]
    if called == "s3":
        operations = [it for it in operations if it.name in S3]
    for operation in operations:
        facts.walk(operation.input_shape)
        facts.walk(operation.output_shape)
    version = {"json": meta.get("jsonVersion", "1.1"), "query": meta["apiVersion"]}.get(protocol, "-")
    signing = meta.get("signingName", meta["endpointPrefix"])
    target, endpoint = meta.get("targetPrefix", "-"), meta["endpointPrefix"]
    yield f"service {called} {prefix(meta['serviceId'])} {protocol} {version} {target} {endpoint} {signing}"
    lower = sum(next(iter(wires))[0].islower() for wires in facts.wires.values())
    is_camel = lower * 2 > len(facts.wires)
    if is_camel:
        yield "camel"
    renamed = []
    for name, wires in sorted(facts.wires.items()):
        usual = name[0].lower() + name[1:] if is_camel else name
        # Where two spellings are one name in Java, the one that is not usual is lost; there are none that matter.
        if usual not in wires:
            renamed.append(f"{name}={sorted(wires)[0]}")
    lines = {"names": renamed, "maps": list(facts.maps(protocol)), "documents": facts.of("document"), "times": facts.of("timestamp")}
    lines["blobs"] = facts.of("blob")
    lines["texts"] = sorted(name for name in TEXTS if facts.kinds.get(name) == {"string"})
    if protocol in ("query", "rest-xml"):
        lines |= {"lists": facts.of("list"), "flat": facts.of("flat")}
        lines |= {"numbers": facts.of("number"), "booleans": facts.of("boolean")}
    lines["errors"] = sorted({error(it) for it in model.error_shapes})
    for title, names in lines.items():
        if names:
            yield f"{title} {' '.join(names)}"
    if protocol.startswith("rest-"):
        for operation in operations:
            yield f"{operation.name}{token(operation)} {rest(operation)}"
    else:
        yield "operations " + " ".join(f"{it.name}{token(it)}" for it in operations)


def main():
    session = botocore.session.get_session()
    lines = [
        "# Written by table.py from the service models of botocore "
        f"{botocore.__version__}; see src/table.rs for what the lines mean."
    ]
    for called, name in SERVICES.items():
        lines += service(session, called, name)
    Path(__file__).with_name("src").joinpath("table.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
