"""Writes docs/parity.md from what the other suites found, and fails when the checked-in page says otherwise.

Runs when the others have ended. `UPDATE_PARITY=1` writes the page; without it, a difference fails the test.
"""

import json
import os
import re
import tomllib
from collections import Counter
from pathlib import Path

import boto3
import botocore
import botocore.exceptions
import botocore.session
import pytest
from botocore.config import Config

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "target/conformance"
PAGE = ROOT / "docs/parity.md"

HEAD = """# Parity with AWS

Made by `cargo xtask test --only aws` from what its suites found; `UPDATE_PARITY=1` writes it anew.
What AWS's own packages expect is checked by their code; the rest by ours against their released versions.
"""


def results(name):
    path = RESULTS / f"{name}.json"
    if not path.exists():
        pytest.skip(f"{path.name} is not there: the whole stage makes this page")
    return json.loads(path.read_text())


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def requirements():
    found = results("rust")
    by_suite = {}
    for result in found["results"]:
        by_suite.setdefault(result["suite"], Counter())[result["outcome"]] += 1
    rows = [
        (suite, counts["passed"], counts["failed"], counts["not applicable"]) for suite, counts in by_suite.items()
    ]
    total = Counter(result["outcome"] for result in found["results"])
    rows.append(("all", total["passed"], total["failed"], total["not applicable"]))
    text = f"## AWS's conformance requirements\n\n`{found['package']}`, one handler each on our Rust SDK.\n\n"
    text += table(["suite", "passed", "failed", "cannot apply"], rows)
    newer = results("newer")["cases"]
    passed = sum(case["status"] == "passed" for case in newer)
    text += (
        f"\nAWS's repository has {len(newer)} more, which the package does not have: 10-8 to 10-23, what plugins are told. "
        f"They are checked by tests of ours (`test_newer_requirements.py`): {passed} passed.\n"
    )
    telemetry = results("telemetry")
    judged = [case for case in telemetry["cases"] if case["suite"] == "requirement"]
    passed = sum(case["status"] == "passed" for case in judged)
    text += (
        f"\n`{telemetry['sdk']}` {telemetry['version']}, on AWS's telemetry exporter for Python: "
        f"{passed} of {len(judged)} passed.\n"
    )
    text += "\n" + opentelemetry()
    others = [result for result in found["results"] if result["outcome"] != "passed"]
    for result in others:
        text += f"\n- {result['requirement']} ({result['description']}): {result['outcome']}, {result.get('reason', '')}"
    return text


def opentelemetry():
    found = results("otel")
    by_suite = {}
    for case in found["cases"]:
        judged = re.match(r"requirement\[(otel-[a-z-]+)-(\d+)", case["case"])
        if judged:
            suite, number = judged.groups()
            by_suite.setdefault(suite, {}).setdefault(number, set()).add(case["status"])
    rows = []
    for suite, requirements in by_suite.items():
        passed = sum(statuses == {"passed"} for statuses in requirements.values())
        rows.append((suite, passed, len(requirements) - passed, 0))
    text = f"`{found['sdk']}` {found['version']}, on AWS's OpenTelemetry plugin for Python, "
    text += "`aws-durable-execution-sdk-python-otel` 2.0.0; the long-running ones in both of its views, "
    text += "and with a delay of a second:\n\n"
    return text + table(["suite", "passed", "failed", "cannot apply"], rows)


def tools():
    rows = []
    for name in ["cloud_runners", "sam_cli"]:
        found = results(name)
        counts = Counter(case["status"] for case in found["cases"])
        rows.append((f"{found['sdk']} {found['version']}", counts["passed"], counts["failed"]))
    return "## AWS's test runners and SAM's commands\n\n" + table(["tool", "passed", "failed"], rows)


def applications():
    text = "## Applications on AWS's SDKs\n\nEvery operation, option and error path, by the released package.\n\n"
    rows = []
    for name in ["python", "node", "lookalike", "no_mix_up"]:
        found = results(name)
        by_suite = {}
        for case in found["cases"]:
            by_suite.setdefault(case["suite"], Counter())[case["status"]] += 1
        for suite, counts in by_suite.items():
            sdk = f"`{found['sdk']}` {found['version']}" if found["version"] else "Python and JavaScript at once"
            rows.append((sdk, suite, counts["passed"], counts["failed"]))
    crate = tomllib.loads((ROOT / "conformance/aws-crate/Cargo.toml").read_text())
    version = crate["dependencies"]["aws-durable-execution-sdk"].removeprefix("=")
    rows.append((f"crate `aws-durable-execution-sdk` {version}", "all operations", 1, 0))
    return text + table(["SDK", "suite", "passed", "failed"], rows)


def served(client, operation):
    """Whether the service knows the operation: it may refuse the parameters, but not the request."""
    parameters = {}
    for name in operation.input_shape.required_members if operation.input_shape else []:
        shape = operation.input_shape.members[name]
        parameters[name] = example(name, shape)
    method = botocore.xform_name(operation.name)
    try:
        getattr(client, method)(**parameters)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"] != "UnknownOperationException"
    return True


def example(name, shape):
    match shape.type_name:
        case "string" if shape.enum:
            return shape.enum[0]
        case "string" if "Execution" in shape.name and "Arn" in shape.name:
            return "arn:aws:lambda:us-east-1:000000000000:function:Nobody:1/durable-execution/n/i"
        case "string" if name in ("Resource", "Role") or name.endswith("Arn"):
            return "arn:aws:lambda:us-east-1:000000000000:function:Nobody"
        case "string":
            return "Nobody"
        case "integer" | "long":
            return 1
        case "boolean":
            return False
        case "blob":
            return b""
        case "list":
            return [example(name, shape.member)]
        case "map":
            return {"a": "b"}
        case "structure":
            return {key: example(key, shape.members[key]) for key in shape.required_members}
    return None


def operations():
    model = botocore.session.get_session().get_service_model("lambda")
    config = Config(retries={"max_attempts": 0}, parameter_validation=False)
    client = boto3.client("lambda", config=config)
    known, unknown = [], []
    for name in model.operation_names:
        operation = model.operation_model(name)
        (known if served(client, operation) else unknown).append(name)
    durable = [name for name in known if "Durable" in name]
    others = [name for name in known if "Durable" not in name]
    text = f"## Operations\n\nOf the {len(model.operation_names)} operations of botocore {botocore.__version__}:\n\n"
    text += f"- {len(durable)} durable ones are served: {', '.join(durable)}.\n"
    text += f"- {len(others)} others are served: {', '.join(others)}.\n"
    text += f"- {len(unknown)} are answered with `UnknownOperationException`: {', '.join(unknown)}.\n"
    return text


def differences():
    listed = tomllib.loads((Path(__file__).parent / "differences.toml").read_text())["difference"]
    rows = [(one["what"], one["why"]) for one in listed]
    return "## Known differences\n\n" + table(["what", "why"], rows)


def test_the_page_says_what_was_found():
    parts = [HEAD, requirements(), tools(), applications(), operations(), differences()]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"
    if os.environ.get("UPDATE_PARITY"):
        PAGE.write_text(text)
    present = PAGE.read_text() if PAGE.exists() else ""
    assert text == present, "docs/parity.md is out of date: run this stage with UPDATE_PARITY=1"


def test_everything_that_applies_has_passed():
    failed = [result["requirement"] for result in results("rust")["results"] if result["outcome"] == "failed"]
    for name in ["newer", "telemetry", "otel", "cloud_runners", "sam_cli", "python", "node", "lookalike", "no_mix_up"]:
        failed += [f"{name} {case['case']}" for case in results(name)["cases"] if case["status"] == "failed"]
    assert not failed
