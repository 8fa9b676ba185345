"""What is asked for at a terminal: values of parameters, a stack of several, and answers to callbacks."""

import json
import urllib.request

from system import START_SECONDS, binary, until
from terminal import Terminal

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Key: {Type: String, NoEcho: true, Description: of the partner's API}
  Size: {Type: Number}
  Stage: {Type: String, AllowedValues: [dev, prod]}
  Usual: {Type: String, Default: x}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: F
      Runtime: python3.13
      Handler: app.handler
      CodeUri: src
      Timeout: 20
      Environment: {Variables: {KEY: !Ref Key, SIZE: !Ref Size, STAGE: !Ref Stage}}
"""

SAY = "import os\n\ndef handler(event, context):\n    return [os.environ[it] for it in ('KEY', 'SIZE', 'STAGE')]\n"

UP = [binary(), "up", "--listen", "127.0.0.1:0", "--http-api-listen", "127.0.0.1:0", "--ready-file", "ready.json"]


def project(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def ready(terminal, folder):
    def look():
        assert terminal.process.poll() is None, terminal.end() or terminal.seen
        terminal._read(0)
        path = folder / "ready.json"
        return (json.loads(path.read_text()) if path.exists() else None), terminal.seen

    return until("it is up", look, START_SECONDS)


def invoke(endpoint, function):
    url = f"{endpoint}/2015-03-31/functions/{function}/invocations"
    with urllib.request.urlopen(urllib.request.Request(url, b"{}")) as answer:
        return json.load(answer)


def test_values_of_parameters_are_asked_for(tmp_path):
    project(tmp_path, {"template.yaml": TEMPLATE, "src/app.py": SAY})
    with Terminal(UP, tmp_path) as terminal:
        terminal.wait_for(r"a value for Key \(String\): of the partner's API")
        terminal.wait_for("Key: $")
        until("nothing is shown", lambda: (not terminal.echoes(), terminal.seen))
        terminal.type("secret")
        terminal.wait_for(r"Size \(Number\)[\s\S]*Size: $")
        assert terminal.echoes() and "secret" not in terminal.seen
        terminal.type("much")
        terminal.wait_for("not a number[\\s\\S]*Size: $")
        terminal.type("3")
        terminal.wait_for(r"one of: dev, prod[\s\S]*Stage: $")
        terminal.type("test")
        terminal.wait_for("none of the allowed values[\\s\\S]*Stage: $")
        terminal.type("prod")
        answered = invoke(ready(terminal, tmp_path)["endpoint"], "F")
        assert answered == ["secret", "3", "prod"]
        assert "secret" not in terminal.seen
        # They hold for what is deployed later, too.
        (tmp_path / "src/app.py").write_text(SAY.replace("return ", "return ['new'] + "))
        terminal.wait_for("↻ F")
        assert invoke(ready(terminal, tmp_path)["endpoint"], "F") == ["new", "secret", "3", "prod"]
        terminal.press_ctrl_c()
        assert terminal.end() == 130


def test_ctrl_c_at_a_question_leaves_the_terminal_as_it_was(tmp_path):
    project(tmp_path, {"template.yaml": TEMPLATE, "src/app.py": SAY})
    with Terminal(UP, tmp_path) as terminal:
        terminal.wait_for("Key: $")
        until("nothing is shown", lambda: (not terminal.echoes(), terminal.seen))
        terminal.interrupt()
        assert terminal.end() == 130
    assert not (tmp_path / ".lambdura").exists()


def test_a_stack_of_several_is_asked_for(tmp_path):
    artifacts = {}
    for name in ("Shop", "Depot"):
        file = f"{name}.template.json"
        artifacts[name] = {"type": "aws:cloudformation:stack", "properties": {"templateFile": file}}
        (tmp_path / file).write_text(json.dumps({"Resources": {}}))
    (tmp_path / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": artifacts}))
    with Terminal([*UP, "--data-dir", "data"], tmp_path) as terminal:
        terminal.wait_for(r"1 (\w+)[\s\S]*2 (\w+)[\s\S]*stack: $")
        terminal.type("3")
        terminal.wait_for("none of them[\\s\\S]*stack: $")
        terminal.type("Depot")
        terminal.wait_for("Depot is up", START_SECONDS)


ASKS = """
from aws_durable_execution_sdk_python import durable_execution


@durable_execution
def handler(event, context):
    first = context.wait_for_callback(lambda callback_id, _: None, "first")
    second = context.wait_for_callback(lambda callback_id, _: None, "second")
    return [first, second]
"""

DURABLE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: F
      Runtime: python3.13
      Handler: app.handler
      CodeUri: src
      AutoPublishAlias: live
      Timeout: 60
      DurableConfig: {ExecutionTimeout: 600}
"""


def test_callbacks_are_answered_where_somebody_waits(tmp_path):
    project(tmp_path, {"template.yaml": DURABLE, "src/app.py": ASKS})
    with Terminal(UP, tmp_path) as up:
        endpoint = ready(up, tmp_path)["endpoint"]
        command = [binary(), "invoke", "F", "--endpoint", endpoint]
        with Terminal(command, tmp_path) as terminal:
            terminal.wait_for("waits for callback first[\\s\\S]*to answer")
            terminal.type("yes")
            terminal.wait_for("that is not JSON")
            terminal.type('{"approved": true}')
            terminal.wait_for("answered")
            terminal.wait_for("waits for callback second")
            terminal.type('"bye"')
            assert terminal.end() == 0
            result = terminal.seen.strip().splitlines()[-1]
            assert "approved" in result and "bye" in result
        with Terminal([*command, "--wait"], tmp_path) as terminal:
            terminal.wait_for("waits for callback first")
            terminal.type("fail out of stock")
            assert terminal.end() == 5
            assert "out of stock" in terminal.seen
        # Leaving it waits for nobody: the execution does.
        with Terminal([*command, "--wait", "--name", "left"], tmp_path) as terminal:
            terminal.wait_for("waits for callback first")
            terminal.press_ctrl_c()
            assert terminal.end() == 130
        with Terminal([binary(), "ls", "--endpoint", endpoint], tmp_path) as terminal:
            terminal.wait_for("left[\\s\\S]*first")


