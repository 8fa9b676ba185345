"""The how-to pages of the book, typed as they stand; and the page of the API, which is made here.

UPDATE_BOOK=1 writes the tables of docs/api.md anew.
"""

import json
import os
import re

import botocore.session
import pytest
from typed_pages import ROOT, Typist, blocks

DOCS = ROOT / "docs"

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.13
    CodeUri: src
    AutoPublishAlias: live
    Timeout: 30
    DurableConfig:
      ExecutionTimeout: 31622400
Resources:
"""
FUNCTION = """
  {name}:
    Type: AWS::Serverless::Function
    Properties: {{FunctionName: {name}, Handler: {name}.handler}}
"""


@pytest.mark.parametrize("page", ["callbacks", "sagas", "loops", "fan-out", "schedules"])
def test_a_guide(page, tmp_path):
    parts = blocks((DOCS / f"{page}.md").read_text())
    names = [name for name, _, _ in parts if name]
    assert names, "a guide has a function"
    with Typist(tmp_path) as typist:
        if "template.yaml" not in names:
            functions = [re.fullmatch(r"src/(\w+)\.py", name).group(1) for name in names]
            typist.write("template.yaml", TEMPLATE + "".join(FUNCTION.format(name=name) for name in functions))
        typist.type(parts)


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
