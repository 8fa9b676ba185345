"""What people get wrong and what is seldom written, each on `up` as they meet it: said at the first attempt, where they look."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from system import PATIENCE_SECONDS, binary, until, up
from test_projects import lay_down

HEAD = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.13, Timeout: 20, AutoPublishAlias: live, DurableConfig: {ExecutionTimeout: 300}}
Resources:
"""

DURABLE = "from aws_durable_execution_sdk_python import durable_execution\n\n\n@durable_execution\n"

# Name, files of its code, more of its properties, the error, what to do.
MISTAKES = {
    "Absent": (
        {"desk.py": "import teapots\n\n\ndef handler(event, context):\n    pass\n"},
        "Handler: desk.handler",
        "No module named 'teapots'",
        "add it to requirements.txt",
    ),
    "Misnamed": (
        {"desk.py": DURABLE + "def handler(event, context):\n    pass\n"},
        "Handler: desk.handle",
        "Handler 'handle' missing on module 'desk'",
        "`Handler` in the template",
    ),
    "Misfiled": (
        {"desk.py": DURABLE + "def handler(event, context):\n    pass\n"},
        "Handler: disk.handler",
        "Unable to import module 'disk'",
        "no file `disk.py` in the code",
    ),
    "Broken": (
        {"desk.py": "def handler(event, context)\n    pass\n"},
        "Handler: desk.handler",
        "Syntax error in module 'desk'",
        "fix the source at the line",
    ),
    "Slow": (
        {"desk.py": "import time\n" + DURABLE + "def handler(event, context):\n    time.sleep(100)\n"},
        "Handler: desk.handler, Timeout: 1",
        "timed out after 1.00 seconds",
        "`Timeout` in the template",
    ),
    "Plain": (
        {"desk.py": "def handler(event, context):\n    return 1\n"},
        "Handler: desk.handler",
        "Invalid Status in invocation output",
        "`@durable_execution` (Python)",
    ),
    "Fickle": (
        {
            "desk.py": "import os\nfrom aws_durable_execution_sdk_python.config import Duration\n"
            + DURABLE
            + "def handler(event, context):\n"
            "    if not os.path.exists(event):\n"
            "        open(event, 'w').close()\n"
            "        context.wait(Duration.from_seconds(1))\n"
            "    context.step(lambda _: 1, 'count')\n"
        },
        "Handler: desk.handler",
        "Non-deterministic operation identity",
        "",
    ),
}


@pytest.fixture(scope="module")
def mistaken(tmp_path_factory):
    """A stack in which every function has something wrong with it."""
    folder = tmp_path_factory.mktemp("mistakes")
    text = HEAD
    for name, (files, properties, *_) in MISTAKES.items():
        lay_down(folder / "project", {f"{name}/{file}": code for file, code in files.items()})
        text += f"  {name}:\n    Type: AWS::Serverless::Function\n"
        text += f"    Properties: {{FunctionName: {name}, CodeUri: {name}, {properties}}}\n"
    lay_down(folder / "project", {"template.yaml": text})
    with up(str(folder / "project/template.yaml"), folder / "scratch") as system:
        yield system, folder / "scratch/up.log", folder


@pytest.mark.parametrize("name", MISTAKES)
def test_the_first_failure_is_said_where_one_looks(mistaken, tmp_path, name):
    system, log, folder = mistaken
    *_, error, advice = MISTAKES[name]
    payload = json.dumps(str(folder / "was-here"))
    said = tmp_path / "said"
    with said.open("wb") as output:
        invoke = subprocess.Popen(
            [binary(), "invoke", name, "--payload", payload, "--endpoint", system.endpoint], stdout=output, stderr=output
        )
    try:
        look = lambda: (error in said.read_text() and advice in said.read_text(), said.read_text())
        until(f"`invoke` says {error!r}", look)
    finally:
        invoke.send_signal(signal.SIGINT)
        invoke.wait(30)
    # An execution that failed by itself is no news of the server's; an invocation that failed is.
    if name != "Fickle":
        look = lambda: (error in log.read_text() and advice in log.read_text(), log.read_text())
        until(f"`up` says {error!r}", look)
    [shown] = system.get("/lambdura/v1/executions", function=name)["executions"]
    assert error in json.dumps(shown), shown
    listed = subprocess.run([binary(), "ls", "--endpoint", system.endpoint], capture_output=True, text=True)
    [line] = re.findall(rf".*{name}:1\n.*", listed.stdout)
    # Cut to the width of a terminal.
    assert error[:20] in line or line.rstrip().endswith("…"), listed.stdout
    logs = subprocess.run([binary(), "logs", name, "--endpoint", system.endpoint], capture_output=True, text=True)
    assert logs.returncode == 0 and logs.stdout, logs.stderr
    if name in ("Absent", "Misfiled", "Broken"):
        assert error.split("'")[0] in logs.stdout, logs.stdout
    if name == "Broken":
        # The code that ran is a copy; what is shown is the file to mend.
        assert str(folder / "project/Broken/desk.py") in logs.stdout, logs.stdout

    # What it says needs no folder of ours.
    assert "/data/code/" not in said.read_text()


# What a template says, and what `up` says to it.
REFUSED = {
    "indentation": (
        "Resources:\n  Desk:\n    Type: AWS::Serverless::Function\n   Properties: {}\n",
        ["not valid YAML", "template.yaml:4", "check indentation"],
    ),
    "transform": (
        "Resources:\n  Desk:\n    Type: AWS::Serverless::Function\n    Properties: {CodeUri: ., Handler: a.b, Runtime: python3.13}\n",
        ["without SAM's transform", "Transform: AWS::Serverless-2016-10-31"],
    ),
    "spelling": (
        HEAD + "  Desk:\n    Type: AWS::Serverless::Function\n    Properties: {CodeUri: ., Handler: a.b, Timeoot: 3}\n"
        "  Store:\n    Type: AWS::DynamoDB::Tabble\n",
        ["unknown property `Timeoot`", "did you mean `Timeout`", "AWS::DynamoDB::Table"],
    ),
    "folder": (
        HEAD + "  Desk:\n    Type: AWS::Serverless::Function\n    Properties: {CodeUri: nowhere, Handler: a.b}\n",
        ["function `Desk` has no code", "`CodeUri` is relative to the template", "no function of the template can run"],
    ),
    "runtime": (
        HEAD + "  Desk:\n    Type: AWS::Serverless::Function\n    Properties: {CodeUri: ., Handler: a.b, Runtime: cobol85}\n",
        ["cobol85"],
    ),
    "package": (
        HEAD + "  Desk:\n    Type: AWS::Serverless::Function\n    Properties: {CodeUri: src, Handler: a.b}\n",
        ["no-such-package-of-ours", "Desk", "no function of the template can run"],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_template_that_cannot_run_is_refused_with_the_place_and_the_mend(tmp_path, name):
    template, expected = REFUSED[name]
    lay_down(tmp_path, {"template.yaml": template, "src/requirements.txt": "no-such-package-of-ours==9\n", "src/a.py": ""})
    command = [binary(), "up", str(tmp_path), "--listen", "127.0.0.1:0", "--http-api-listen", "127.0.0.1:0"]
    done = subprocess.run(
        [*command, "--data-dir", str(tmp_path / "data")], capture_output=True, text=True, timeout=2 * PATIENCE_SECONDS
    )
    assert done.returncode != 0
    said = " ".join((done.stdout + done.stderr).split())
    for text in expected:
        assert text in said, done.stderr


def test_what_does_nothing_here_is_named(tmp_path):
    template = (
        HEAD.replace("Resources:", "Rules:\n  Always: {Assertions: [{Assert: !Equals [a, a]}]}\nResources:")
        + """
  Store: {Type: AWS::Serverless::SimpleTable}
  Desk:
    Type: AWS::Serverless::Function
    Connectors: {ToStore: {Properties: {Destination: {Id: Store}, Permissions: [Read, Write]}}}
    Properties:
      {CodeUri: src, Handler: a.handler, Tags: {team: post}, EphemeralStorage: {Size: 1024}, FunctionName: Desk,
       Environment: {Variables: {STORE: !Ref Store, ARN: !GetAtt Store.Arn}}}
  Link: {Type: AWS::Serverless::Connector, Properties: {Source: {Id: Desk}, Destination: {Id: Store}, Permissions: [Read]}}
  Bell:
    Type: AWS::CloudWatch::Alarm
    Properties: {MetricName: Errors, Namespace: AWS/Lambda, Period: 60, EvaluationPeriods: 1, Threshold: 1,
                 ComparisonOperator: GreaterThanThreshold, Statistic: Sum}
"""
    )
    code = DURABLE + "def handler(event, context):\n    import os\n    return [os.environ['STORE'], os.environ['ARN']]\n"
    lay_down(tmp_path / "project", {"template.yaml": template, "src/a.py": code})
    with up(str(tmp_path / "project/template.yaml"), tmp_path / "scratch") as system:
        store, arn = json.load(system.client.invoke(FunctionName="Desk:live", Payload=b"{}")["Payload"])
        assert arn.startswith("arn:aws:dynamodb:") and arn.endswith(f":table/{store}")
        said = (tmp_path / "scratch/up.log").read_text()
    table = said.partition("NOT PROVIDED HERE")[2]
    for row in ["Rules (section)", "Desk.Tags", "Desk.EphemeralStorage", "Bell (AWS::CloudWatch::Alarm)"]:
        assert row in table, said


def test_schedules_start_a_function(tmp_path):
    """A rule and a schedule of a minute each: the shortest that AWS has."""
    template = (
        HEAD
        + """
  Clock:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: Clock, CodeUri: src, Handler: a.handler}
  ByRule:
    Type: AWS::Events::Rule
    Properties: {ScheduleExpression: rate(1 minute), Targets: [{Id: one, Arn: !Ref Clock.Alias, Input: '"by rule"'}]}
  BySchedule:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 minute)
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target: {Arn: !Ref Clock.Alias, RoleArn: arn:aws:iam::000000000000:role/any, Input: '"by schedule"'}
"""
    )
    code = DURABLE + "def handler(event, context):\n    return context.step(lambda _: event, 'tick')\n"
    lay_down(tmp_path / "project", {"template.yaml": template, "src/a.py": code})
    with up(str(tmp_path / "project/template.yaml"), tmp_path / "scratch") as system:

        def both():
            listed = system.client.list_durable_executions_by_function(FunctionName="Clock", Statuses=["SUCCEEDED"])
            arns = [one["DurableExecutionArn"] for one in listed["DurableExecutions"]]
            details = [system.client.get_durable_execution(DurableExecutionArn=arn) for arn in arns]
            results = {one["Result"] for one in details}
            return results == {'"by rule"', '"by schedule"'}, results

        until("rule and schedule have started the function", both, 2 * PATIENCE_SECONDS, pause=1)


def test_a_program_of_its_own_runs_in_a_runtime_of_node_by_a_wrapper(tmp_path):
    """As Rust functions are run where only managed runtimes are: the wrapper never starts Node."""
    template = (
        HEAD
        + """
  Hidden:
    Type: AWS::Serverless::Function
    Properties:
      {FunctionName: Hidden, CodeUri: src, Handler: '1-1', Runtime: nodejs22.x,
       Environment: {Variables: {AWS_LAMBDA_EXEC_WRAPPER: /var/task/bootstrap}}}
"""
    )
    lay_down(tmp_path / "project", {"template.yaml": template, "src/README": "a durable function in Rust"})
    handlers = Path(os.environ["LAMBDURA_BIN"]).with_name("conformance-handlers")
    shutil.copy(handlers, tmp_path / "project/src/bootstrap")
    with up(str(tmp_path / "project/template.yaml"), tmp_path / "scratch") as system:
        answer = system.client.invoke(FunctionName="Hidden:live", Payload=b'"Ada"')
        assert json.load(answer["Payload"]) == "Hello, Ada!"
        assert answer["DurableExecutionArn"].split(":")[6] == "Hidden"


def test_templates_are_read_as_aws_reads_them(tmp_path):
    """A loop, a nested application with outputs, stored values, and functions whose code is the template's folder."""
    files = {
        "template.yaml": """
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters:
  Key: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /desk/key}
Globals:
  Function: {Runtime: python3.13, Timeout: 20}
Resources:
  Fn::ForEach::Rooms:
    - Room
    - [East, West]
    - Desk${Room}:
        Type: AWS::Serverless::Function
        Properties:
          {Handler: desk.handler, FunctionName: !Sub 'Desk${Room}', Environment: {Variables: {SEEN: !Ref Room}}}
  Cellar:
    Type: AWS::Serverless::Application
    Properties: {Location: cellar/template.yaml, Parameters: {Wine: red}}
  Clerk:
    Type: AWS::Serverless::Function
    Properties:
      Handler: desk.handler
      FunctionName: Clerk
      Environment:
        Variables:
          SEEN: !Join ['|', [!GetAtt Cellar.Outputs.Shelf, !Ref Key, '{{resolve:secretsmanager:desk:SecretString:pin}}']]
""",
        "cellar/template.yaml": """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Wine: {Type: String}
Resources:
  Shelf: {Type: AWS::Serverless::SimpleTable, Properties: {TableName: !Sub 'shelf-${Wine}'}}
Outputs:
  Shelf: {Value: !Ref Shelf}
""",
        "desk.py": "import os\n\n\ndef handler(event, context):\n    return os.environ['SEEN']\n",
        "stored.json": {"ssm": {"/desk/key": "brass"}, "secretsmanager": {"desk": {"pin": "0000"}}},
    }
    project = tmp_path / "project"
    lay_down(project, files)
    stored = ["--references", str(project / "stored.json")]
    with up(str(project / "template.yaml"), tmp_path / "scratch", *stored) as system:
        invoke = lambda name: json.load(system.client.invoke(FunctionName=name, Payload=b"{}")["Payload"])
        seen = {name: invoke(name) for name in ["DeskEast", "DeskWest", "Clerk"]}
    assert seen == {"DeskEast": "East", "DeskWest": "West", "Clerk": "shelf-red|brass|0000"}
    # Without the file nothing starts, and the text of a reference reaches nobody.
    command = [binary(), "up", str(project), "--listen", "127.0.0.1:0", "--data-dir", str(tmp_path / "none")]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert refused.returncode != 0
    assert "/desk/key" in refused.stderr and "references.json" in refused.stderr, refused.stderr
