"""The how-to pages of the book, typed as they stand; and the page of the API, which is made here.

UPDATE_BOOK=1 writes the tables of docs/api.md anew.
"""

import json
import os
import re

import botocore.session
import pytest
from aws_durable_execution_sdk_python import exceptions
from typed_pages import ROOT, Typist, blocks

DOCS = ROOT / "docs"
# What the template of a language has, by the ending of its sources.
RUNTIMES = {"py": "Runtime: python", "ts": "Runtime: nodejs"}


def guides():
    """Each how-to page in each language that it has functions in: commands and answers are the same."""
    for page in ["callbacks", "sagas", "loops", "fan-out", "schedules"]:
        parts = blocks((DOCS / f"{page}.md").read_text())
        for language in RUNTIMES:
            own = [part for part in parts if is_of(language, *part)]
            if any(name.startswith("src/") for name, _, _ in own):
                yield pytest.param(own, id=f"{page}-{language}")


def is_of(language, name, _, text):
    """Whether a block is typed by those who write in a language."""
    if name == "template.yaml":
        return RUNTIMES[language] in text
    return not name.startswith("src/") or name.endswith(f".{language}")


@pytest.mark.parametrize("parts", list(guides()))
def test_a_guide(parts, tmp_path):
    assert [name for name, _, _ in parts].count("template.yaml") == 1
    with Typist(tmp_path) as typist:
        typist.type(parts)


# Types that only tests have, and those that go to an extension and not to whoever invoked the function.
NO_ERRORS_OF_USERS = re.compile(r"Runtime\.Custom|Runtime\.Odd|Extension\.(?!Crash|InitError|ExitError)")


def test_every_error_of_an_invocation_has_a_section():
    named = re.compile(r'"((?:Runtime|Sandbox|Function|Service|Extension|Callback)\.[A-Z][A-Za-z]+)"')
    sources = [path for crate in ["engine", "function-host", "sdk", "server"] for path in (ROOT / "crates" / crate / "src").rglob("*.rs")]
    errors = {error for path in sources for error in named.findall(path.read_text()) if not NO_ERRORS_OF_USERS.match(error)}
    assert "Sandbox.Timedout" in errors
    assert [] == sorted(errors - sections_of_errors())


def sections_of_errors():
    """`lambdura docs NAME` and the links in messages find an error by the heading of its section."""
    return set(re.findall(r"^## (.+)$", (DOCS / "errors.md").read_text(), re.MULTILINE))


def test_the_console_knows_the_sections_of_what_executions_fail_with():
    parts = re.split(r"^# (.+)$", (DOCS / "errors.md").read_text(), flags=re.MULTILINE)
    parts = dict(zip(parts[1::2], parts[2::2], strict=True))
    about = ["Of an invocation", "Of an operation", "Of a state machine"]
    named = [name for part in about for name in re.findall(r"^## (.+)$", parts[part], re.MULTILINE)]
    source = (ROOT / "console/src/util/error-page.ts").read_text()
    assert re.findall(r"^  '(.+)',$", source, re.MULTILINE) == named


# Only what is derived from them is raised, or it never leaves the SDK.
BASES = {"DurableExecutionsError", "UnrecoverableError", "ExecutionError", "InvocationError", "BotoClientError", "DurableOperationError"}


def test_every_error_of_awss_sdk_has_a_section():
    classes = vars(exceptions).values()
    errors = {it.__name__ for it in classes if isinstance(it, type) and issubclass(it, exceptions.DurableExecutionsError)}
    assert "StepError" in errors
    assert [] == sorted(errors - BASES - sections_of_errors())


def test_every_error_of_the_rust_sdk_has_a_section():
    sources = [path.read_text().split("#[cfg(test)]")[0] for path in (ROOT / "crates/sdk/src").rglob("*.rs")]
    errors = {error for source in sources for error in re.findall(r'"([A-Z][A-Za-z]+Error)"', source)}
    assert "NonDeterministicExecutionError" in errors
    assert [] == sorted(errors - sections_of_errors())


def test_every_error_of_state_machines_has_a_section():
    asl = (ROOT / "crates/asl/src/error.rs").read_text().split("#[cfg(test)]")[0]
    states = set(re.findall(r'"(States\.[A-Za-z.]+)"', asl))
    assert "States.Timeout" in states
    sources = [path.read_text() for path in (ROOT / "crates/server/src/states").rglob("*.rs")]
    api = {code for source in sources for code in re.findall(r'(?:StatesError|Self)::new\(\s*"([A-Z][A-Za-z]+)"', source)}
    assert "StateMachineDoesNotExist" in api
    assert [] == sorted((states | api) - sections_of_errors())


def test_the_page_of_the_api():
    path = DOCS / "api.md"
    present = path.read_text()
    text = present
    for name, table in [("durable", aws(True)), ("functions", aws(False)), ("own", own())]:
        begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
        assert begin in text and end in text, f"docs/api.md has no place for `{name}`"
        text = text.split(begin)[0] + begin + table + end + text.split(end)[1]
    if os.environ.get("UPDATE_BOOK"):
        path.write_text(text)
    else:
        assert text == present, "docs/api.md is out of date: UPDATE_BOOK=1"


def aws(durable):
    """The operations that docs/parity.md found to be served, with method and path of AWS's own model."""
    model = botocore.session.get_session().get_service_model("lambda")
    parity = (DOCS / "parity.md").read_text()
    listed = re.findall(r"^- \d+ .* are served: (.*)\.$", parity, re.MULTILINE)
    rows = ["| operation | request |", "| --- | --- |"]
    for name in sorted(", ".join(listed).split(", ")):
        if ("Durable" in name) == durable:
            http = model.operation_model(name).http
            rows.append(f"| `{name}` | `{http['method']} {http['requestUri'].split('?')[0]}` |")
    return "\n".join(rows) + "\n"


def own():
    """The routes of console/openapi.json, which the server's tests hold to the code."""
    paths = json.loads((ROOT / "console/openapi.json").read_text())["paths"]
    rows = ["| request | what it does |", "| --- | --- |"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            about = " ".join((operation.get("summary") or operation["description"]).split())
            rows.append(f"| `{method.upper()} {path}` | {about} |")
    return "\n".join(rows) + "\n"
