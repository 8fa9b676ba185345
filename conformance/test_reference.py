"""What the reference says of answers and files, held against real ones.

`docs/openapi.json` is made here (UPDATE_BOOK=1 writes it anew); `docs/schemas` are written by hand, but for
`settings.schema.json`, which a test of the command makes.
"""

import json
import os
import re
import subprocess
import tomllib
import urllib.error
import urllib.parse
import urllib.request

import jsonschema
import openapi
import pytest
import referencing
import yaml
from test_deploy import serving
from system import HERE, PATIENCE_SECONDS, binary, up

ROOT = HERE.parent
DOCS = ROOT / "docs"
DOCUMENT = DOCS / "openapi.json"
SCHEMAS = sorted((DOCS / "schemas").glob("*.schema.json"))
BASE = "https://github.com/lambdura/lambdura/raw/main/docs/"
# Server-sent events, which do not end.
NO_JSON = re.compile(r"/live$")


def strict(document):
    """The document, in which AWS's objects have nothing but what is described."""
    for name, schema in document["components"]["schemas"].items():
        if name.startswith(openapi.PREFIX) and "properties" in schema:
            schema["additionalProperties"] = False
    return document


@pytest.fixture(scope="module")
def valid():
    """Fails unless an answer is what a schema says."""
    contents = {f"{BASE}openapi.json": strict(json.loads(DOCUMENT.read_text()))}
    contents |= {f"{BASE}schemas/{path.name}": json.loads(path.read_text()) for path in SCHEMAS}
    resource = referencing.jsonschema.DRAFT202012.create_resource
    registry = referencing.Registry().with_resources((name, resource(it)) for name, it in contents.items())

    def check(answer, place):
        validator = jsonschema.Draft202012Validator({"$ref": BASE + place}, registry=registry)
        errors = [f"{place} {'/'.join(map(str, it.absolute_path))}: {it.message[:400]}" for it in validator.iter_errors(answer)]
        assert [] == errors

    return check


def definition(command):
    return f"schemas/commands.schema.json#/$defs/{urllib.parse.quote(command)}"


def test_the_document_of_the_api():
    made = openapi.text()
    if os.environ.get("UPDATE_BOOK"):
        DOCUMENT.write_text(made)
    assert DOCUMENT.read_text() == made, "docs/openapi.json is out of date: UPDATE_BOOK=1"


def test_every_reference_leads_somewhere_and_no_name_is_taken_twice():
    document = json.loads(DOCUMENT.read_text())
    schemas = set(document["components"]["schemas"])
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', DOCUMENT.read_text()))
    assert referred <= schemas
    names = [route["operationId"] for methods in document["paths"].values() for route in methods.values()]
    assert len(names) == len(set(names))
    for path, methods in document["paths"].items():
        for route in methods.values():
            given = {it["name"] for it in route.get("parameters", []) if it["in"] == "path"}
            assert given == set(re.findall(r"{([^}]+)}", path)), path


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_a_schema_is_one(path):
    schema = json.loads(path.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"{BASE}schemas/{path.name}"


# What prints something else than an answer of its own, and why.
NO_ANSWERS = {
    "invoke": "prints what the function returned",
    "tables": "prints an address, like a server",
    "demo": "prints addresses, like a server",
    "asl": "has only commands below it",
    "asl function": "runs as a function",
    "store": "has only commands below it",
    "docs": "prints a page, or serves the book",
    "open": "opens a browser",
    "console": "serves until it is ended",
    "completions": "prints a script",
}
# These print what the command above them does.
AS_ABOVE = ["callback", "clock", "keys list"]


def test_every_command_has_a_definition():
    """The commands are those of docs/cli.md, which a test of the program keeps complete."""
    commands = re.findall(r"^##+ lambdura (.+)$", (DOCS / "cli.md").read_text(), re.MULTILINE)
    assert len(commands) > 50
    defined = json.loads((DOCS / "schemas/commands.schema.json").read_text())["$defs"]
    missing = [it for it in commands if it not in defined and it not in NO_ANSWERS and not any(it.startswith(above) for above in AS_ABOVE)]
    assert [] == missing
    stale = [it for it in defined if " ".join(word for word in it.split() if not word.startswith("-")) not in commands]
    assert [] == stale
    assert [] == [it for it in NO_ANSWERS if it in defined or it not in commands]


def test_the_settings_of_the_guide(valid):
    """And what is not in the schema is no setting, as for the program."""
    [file] = re.findall(r"```toml\n(.*?)```", (DOCS / "configuration.md").read_text(), re.DOTALL)
    settings = tomllib.loads(file)
    assert settings
    valid(settings, "schemas/settings.schema.json")
    for wrong in ({"concurency": 7}, {"no-authorizers": "perhaps"}, {"listen": 1.5}, {"durability": "now"}):
        with pytest.raises(AssertionError):
            valid(wrong, "schemas/settings.schema.json")


def run(*arguments, folder=None, code=0):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LAMBDURA_")}
    done = subprocess.run(
        [binary(), *map(str, arguments), "--output", "json"], cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert done.returncode == code, (arguments, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """An approval, whose manager nobody plays."""
    folder = tmp_path_factory.mktemp("reference")
    made = json.loads(run("new", "expenses", "--language", "python", folder=folder))
    return folder / "expenses", made


def test_answers_of_commands_without_a_server(valid, project, tmp_path):
    folder, made = project
    valid(made, definition("new"))
    valid(json.loads(run("new", "--list")), definition("new --list"))
    valid(json.loads(run("docs", "--list")), definition("docs --list"))
    valid(json.loads(run("init", "--dry-run", folder=folder)), definition("init"))
    valid(json.loads(run("doctor", folder=folder)), definition("doctor"))
    data = ["--data-dir", tmp_path / "data"]
    (tmp_path / "data").mkdir()
    valid(json.loads(run("keys", "create", "ada", "--policy", "invoke", *data)), definition("keys create"))
    valid(json.loads(run("keys", "list", *data)), definition("keys"))
    for action in "disable", "enable", "rotate", "delete":
        valid(json.loads(run("keys", action, "ada", *data)), definition(f"keys {action}"))
    lines = run("audit", *data).splitlines()
    assert lines
    for line in lines:
        valid(json.loads(line), definition("audit"))


def test_answers_about_files(valid, project, tmp_path):
    folder, _ = project
    valid(json.loads(run("debug", "--template", folder)), definition("debug"))
    machine = tmp_path / "pass.asl.json"
    machine.write_text('{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}')
    wrong = tmp_path / "wrong.asl.json"
    wrong.write_text('{\n"StartAt": "B", "States": {"A": {"Type": "Pass", "End": true}}}')
    both = json.loads(run("asl", "validate", machine, wrong, code=1))
    valid(both, definition("asl validate"))
    assert [it["result"] for it in both] == ["OK", "FAIL"] and both[1]["diagnostics"][0]["line"]
    valid(json.loads(run("asl", "run", machine, "--input", "{}")), definition("asl run"))


def test_answers_of_a_server_for_others(valid, project, tmp_path, monkeypatch):
    """Stacks: planned, deployed, listed, shown, destroyed."""
    monkeypatch.setenv("DEPLOY_BUILDS", str(tmp_path / "builds"))
    folder, _ = project
    data = tmp_path / "served"
    tried = json.loads(run("serve", "--check", "--listen", "127.0.0.1:0", "--http-api-listen", "127.0.0.1:0", "--data-dir", data))
    valid(tried, definition("serve --check"))
    with serving(tmp_path) as server:

        def said(name, *words):
            answer = json.loads(server.run(*words, "--output", "json").stdout)
            valid(answer, definition(name))
            return answer

        valid(json.loads((tmp_path / "ready.json").read_text()), definition("serve"))
        deploy = ["deploy", str(folder), "--stack-name", "shop"]
        assert said("deploy --plan", *deploy, "--plan")["changes"]
        assert said("deploy", *deploy, "--yes")["resources"]["functions"]
        assert said("stacks", "stacks")["stacks"]
        said("stacks show", "stacks", "show", "shop")
        valid(server.system.get("/lambdura/v1/stacks"), answered("/lambdura/v1/stacks"))
        valid(server.system.get("/lambdura/v1/stacks/shop"), answered("/lambdura/v1/stacks/{name}"))
        assert said("servers", "servers")["is_shared"] is False
        said("destroy", "destroy", "shop", "--yes")
    # What the server left, of this version.
    valid(json.loads(run("migrate", "--data-dir", tmp_path / "data", "--dry-run")), definition("migrate"))


def test_answers_of_a_server(valid, project, tmp_path):
    folder, _ = project
    data, payload = tmp_path / "data", f"@{folder / 'events/expense.json'}"
    with up(folder, tmp_path, "--clock", "auto") as system:
        valid(system.ready, "schemas/ready.schema.json")

        def said(name, *arguments):
            answer = json.loads(system.command(*arguments))
            valid(answer, definition(name))
            return answer

        def start(name):
            answer = said("invoke --event", "invoke", "expenses", "--event", "--name", name, "--payload", payload)
            return answer["DurableExecutionArn"]

        answered, stopped, gone, paused = map(start, ["answered", "stopped", "gone", "paused"])
        for arn in answered, stopped, gone, paused:
            system.suspended(arn)
        waiting = said("callbacks", "callbacks")["callbacks"]
        assert {it["arn"] for it in waiting} == {answered, stopped, gone, paused}
        own = next(it["callback_id"] for it in waiting if it["arn"] == answered)
        said("callback", "callback", "succeed", own, "--result", '{"approved": true}')
        system.ended(answered)
        said("pause", "pause", "paused")
        said("resume", "resume", "paused")
        said("stop", "stop", "stopped")
        said("stop", "stop", "gone")
        said("delete", "delete", "gone")
        said("retry", "retry", "stopped")
        assert said("ls", "ls")["DurableExecutions"]
        said("functions", "functions")
        said("cost", "cost", "answered")
        said("cost", "cost", "answered", "stopped")
        said("clock", "clock")
        said("quarantine", "quarantine")
        for execution in "answered", "stopped", "paused":
            assert said("show", "show", execution)["Operations"]
            assert said("history", "history", execution)["Events"]
        lines = system.command("logs").splitlines()
        assert lines
        for line in lines:
            valid(json.loads(line), definition("logs"))
        the_routes_answer_what_is_described(valid, system, answered)
    backup = tmp_path / "all.backup"
    valid(json.loads(run("backup", backup, "--data-dir", data)), definition("backup"))
    valid(json.loads(run("verify", "--data-dir", data)), definition("verify"))
    valid(json.loads(run("restore", backup, "--data-dir", tmp_path / "restored")), definition("restore"))
    valid(json.loads(run("store", "copy", "--from", data, "--to", tmp_path / "copied")), definition("store copy"))


def the_routes_answer_what_is_described(valid, system, arn):
    """Every route that only reads."""
    values = {
        "DurableExecutionArn": arn,
        "execution_id": arn.rsplit("/", 1)[1],
        "FunctionName": "expenses",
        "name": "expenses",
        "Name": "live",
        "number": str(system.get("/lambdura/v1/logs")["lines"][0]["number"]),
        "Resource": system.client.get_function(FunctionName="expenses")["Configuration"]["FunctionArn"],
    }
    queries = {"function": "expenses", "name": arn.rsplit("/", 2)[1]}
    # No such thing is set, it needs what only an invocation has, a state machine, or a server that stacks are deployed to.
    absent = {"UUID", "EventInvokeConfig", "event-invoke-config", "policy", "state", "concurrency", "definition", "stacks"}
    asked = []
    for path, methods in json.loads(DOCUMENT.read_text())["paths"].items():
        if "get" not in methods or NO_JSON.search(path) or any(word in path for word in absent):
            continue
        url = re.sub(r"{([^}]+)}", lambda named: urllib.parse.quote(values[named[1]], safe=""), path)
        needed = [it["name"] for it in methods["get"].get("parameters", []) if it["in"] == "query" and it.get("required")]
        answer = asked_for(system, url, **{name: queries[name] for name in needed})
        content = methods["get"]["responses"]["200"].get("content", {}).get("application/json")
        assert content, path
        valid(answer, answered(path))
        asked.append(path)
    assert len(asked) > 25, asked


def answered(path):
    """Where the document says what a route answers."""
    place = f"openapi.json#/paths/{path.replace('~', '~0').replace('/', '~1')}/get/responses/200/content/application~1json/schema"
    return urllib.parse.quote(place, safe=":/#~")


def asked_for(system, url, **query):
    try:
        return system.get(url, **query)
    except urllib.error.HTTPError as refused:
        raise AssertionError(f"GET {url}: {refused} {refused.read().decode()}") from None


def test_files_that_are_taken_are_valid(valid, project, tmp_path):
    shipped = list((ROOT / "crates/cli/templates").rglob("answers.yaml"))
    assert shipped
    for path in shipped:
        valid(yaml.safe_load(path.read_text()), "schemas/answers.schema.json")
    page = (DOCS / "testing.md").read_text()
    examples = [yaml.safe_load(it) for it in re.findall(r"^```yaml(?: \w+)?\n(.*?)^```", page, re.MULTILINE | re.DOTALL)]
    examples = [it for it in examples if isinstance(it, dict) and it.keys() & {"callbacks", "invokes"}]
    assert examples
    for example in examples:
        valid(example, "schemas/answers.schema.json")
    references = {"ssm": {"/app/key": "value", "/app/list": ["a", "b"]}, "secretsmanager": {"app/db": {"password": "value"}}}
    valid(references, "schemas/references.schema.json")
    written = tmp_path / "references.json"
    written.write_text(json.dumps(references))
    folder, _ = project
    with up(folder, tmp_path, "--references", str(written)) as system:
        every = json.loads((DOCS / "schemas/answers.schema.json").read_text())
        # What the schema knows, the server knows: each property of a rule by itself, and of a stub.
        rule = {"function": "expenses", "operation": "*", "execution": "*", "attempt": 1, "after": "1d", "heartbeat_every": 60}
        outcomes = [{"succeed": None}, {"fail": {"error_type": "A", "error_message": "b", "error_data": "c"}}, {"never": True}]
        rules = [rule | outcome for outcome in outcomes if "never" not in outcome] + [{"operation": "x", "never": True}]
        stubs = [{"function": "other", "after": 5} | outcome for outcome in outcomes[:2]]
        given = {"callbacks": rules, "invokes": stubs}
        valid(given, "schemas/answers.schema.json")
        used = {key for one in rules for key in one}
        assert used == set(every["$defs"]["rule"]["properties"])
        assert {key for one in stubs for key in one} == set(every["$defs"]["stub"]["properties"])
        posted(system, given)
        # And what it does not know, the server refuses.
        for wrong in [{"callback": []}, {"callbacks": [{"when": 1}]}, {"invokes": [{"after": 1}]}]:
            with pytest.raises(AssertionError):
                valid(wrong, "schemas/answers.schema.json")
            assert refused(system, wrong) == 400


def posted(system, answers):
    request = urllib.request.Request(f"{system.endpoint}/lambdura/v1/answers", json.dumps(answers).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
        return json.load(answer)


def refused(system, answers):
    with pytest.raises(urllib.error.HTTPError) as refusal:
        posted(system, answers)
    return refusal.value.code
