"""Records the executions that the pictures of the book's concepts are drawn from.

    python conformance/book_pictures.py LAMBDURA      docs/pictures/*.json, from real runs
    cargo xtask book --draw                           docs/pictures/*.svg of them
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PICTURES = Path(__file__).parent.parent / "docs/pictures"
PATIENCE_SECONDS = 120

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
  Order: {Type: AWS::Serverless::Function, Properties: {FunctionName: order, Handler: app.order}}
  Report: {Type: AWS::Serverless::Function, Properties: {FunctionName: report, Handler: app.report}}
  Payment: {Type: AWS::Serverless::Function, Properties: {FunctionName: payment, Handler: app.payment}}
  Parcel: {Type: AWS::Serverless::Function, Properties: {FunctionName: parcel, Handler: app.parcel}}
"""

CODE = """
import time
from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import Duration

@durable_execution
def order(event, context):
    context.step(lambda step: "reserved", name="reserve")
    context.wait(Duration.from_days(1), name="cooling off")
    context.step(lambda step: "paid", name="charge")
    context.wait_for_callback(lambda callback_id, step: None, name="warehouse")
    context.step(lambda step: "gone", name="ship")

@durable_execution
def report(event, context):
    # Wrong: another instant in each invocation, and so another name.
    context.step(lambda step: "rows", name=f"rows at {time.time():.3f}")
    context.wait(Duration.from_hours(1), name="an hour")
    context.step(lambda step: "sent", name="send")

@durable_execution
def payment(event, context):
    context.step(lambda step: "checked", name="check")
    context.step(lambda step: time.sleep(event["seconds"]), name="charge")
    context.step(lambda step: "told", name="tell")

@durable_execution
def parcel(event, context):
    context.step(lambda step: "packed", name="pack")
    context.wait_for_callback(lambda callback_id, step: None, name="courier")
    context.step(lambda step: "delivered", name="deliver")
"""


class Server:
    """`lambdura up` on a folder, and commands for it."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.ready, self.process = folder / "ready.json", None

    def start(self):
        self.ready.unlink(missing_ok=True)
        command = [self.binary, "up", "--clock", "auto", "--listen", "127.0.0.1:0", "--http-api-listen", "127.0.0.1:0"]
        command += ["--ready-file", str(self.ready)]
        log = (self.folder / "up.log").open("a")
        quiet = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT}
        self.process = subprocess.Popen(command, cwd=self.folder, **quiet)
        until("it is up", lambda: self.process.poll() is None and self.ready.exists())

    def end(self, how=signal.SIGINT):
        self.process.send_signal(how)
        self.process.wait(timeout=PATIENCE_SECONDS)

    def run(self, *arguments):
        endpoint = json.loads(self.ready.read_text())["endpoint"]
        environment = {**os.environ, "LAMBDURA_ENDPOINT": endpoint, "NO_COLOR": "1"}
        command = [self.binary, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS)

    def begin(self, function, name, payload="{}"):
        done = self.run("invoke", function, "--event", "--name", name, "--payload", payload)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def answer(self, callback):
        until(f"{callback} is answered", lambda: self.run("callback", "succeed", callback, "--result", "{}").returncode == 0)

    def events(self, name):
        return json.loads(self.run("history", name, "--output", "json").stdout)["Events"]

    def ended(self, name):
        until(f"{name} has ended", lambda: re.match("Execution(Succ|Fail|Timed|Stop)", self.events(name)[-1]["EventType"]))
        return self.events(name)


def until(what, look):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.1)


def write(name, executions):
    runs = [{"arn": arn, "events": [without_payloads(event) for event in events]} for arn, events in executions]
    (PICTURES / f"{name}.json").write_text(json.dumps(runs, indent=1) + "\n")


def without_payloads(event):
    """What a picture shows; the rest of a history is large."""
    kept = ("EventType", "EventId", "Id", "Name", "ParentId", "SubType", "EventTimestamp")
    slim = {key: value for key, value in event.items() if key in kept}
    if details := event.get("InvocationCompletedDetails"):
        slim["Start"], slim["End"] = details["StartTimestamp"], details["EndTimestamp"]
    for details in event.values():
        if isinstance(details, dict) and details.get("Error", {}).get("Payload"):
            slim["Error"] = details["Error"]["Payload"].get("ErrorType")
    return slim


def main(binary):
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        folder = Path(scratch)
        (folder / "src").mkdir()
        (folder / "template.yaml").write_text(TEMPLATE)
        source = folder / "src/app.py"
        source.write_text(CODE)
        server = Server(binary, folder)
        server.start()
        stack.callback(lambda: server.end())

        order = server.begin("order", "order-1")
        server.answer("order-1/warehouse")
        write("replay", [(order, server.ended("order-1"))])

        report = server.begin("report", "report-1")
        write("determinism", [(report, server.ended("report-1"))])

        payment = server.begin("payment", "payment-1", '{"seconds": 3}')
        until("it is charging", lambda: any(event.get("Name") == "charge" for event in server.events("payment-1")))
        server.end(signal.SIGKILL)
        server.start()
        write("idempotency", [(payment, server.ended("payment-1"))])

        first = server.begin("parcel", "parcel-1")
        until("it waits", lambda: server.events("parcel-1")[-1]["EventType"] == "InvocationCompleted")
        source.write_text(CODE.replace('name="deliver"', 'name="deliver by bicycle"'))
        until("version 2 is there", lambda: re.search(r"^parcel +live → 2", server.run("functions").stdout, re.MULTILINE))
        second = server.begin("parcel", "parcel-2")
        server.answer("parcel-2/courier")
        after = server.ended("parcel-2")
        server.answer("parcel-1/courier")
        write("versions", [(first, server.ended("parcel-1")), (second, after)])


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).resolve()))
