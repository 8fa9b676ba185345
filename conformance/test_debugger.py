"""`lambdura up --debug`, with the debuggers themselves: Node.js's inspector over its WebSocket, and debugpy over the Debug
Adapter Protocol. Breakpoints are set in the developer's own files, and last longer than the functions' timeouts."""

import base64
import contextlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
import urllib.request

import pytest
from ports import free_port
from system import PATIENCE_SECONDS, START_SECONDS, binary, until

NODE = "nodejs20.x"
TIMEOUT_SECONDS = 1

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    {metadata}
    Properties:
      FunctionName: F
      Runtime: {runtime}
      Handler: app.handler
      CodeUri: src
      AutoPublishAlias: live
      Timeout: {timeout}
      DurableConfig: {{ExecutionTimeout: 2}}
"""

PYTHON = """from aws_durable_execution_sdk_python import durable_execution


@durable_execution
def handler(event, context):
    answer = context.step(lambda step: event["word"])
    return answer + WORD


WORD = "!"
"""

JAVASCRIPT = """import { withDurableExecution } from '@aws/durable-execution-sdk-js'
import { word } from './lib/word.js'

export const handler = withDurableExecution(async (event, context) => {
  const answer = await context.step('say', async () => event.word)
  return answer + word
})
"""
# One that is required and not imported.
WORD = "exports.word = '!'\n"

TYPESCRIPT = """import { withDurableExecution, type DurableContext } from '@aws/durable-execution-sdk-js'

type Event = { word: string }

export const handler = withDurableExecution(async (event: Event, context: DurableContext) => {
  const answer = await context.step('say', async () => event.word)
  return answer + '!'
})
"""
ESBUILD = "Metadata: {BuildMethod: esbuild, BuildProperties: {EntryPoints: [app.ts]}}"


class Up:
    """`up --debug F:PORT` on a project."""

    def __init__(self, folder, runtime, files, metadata="", arguments=()):
        self.folder, self.port = folder, free_port()
        template = TEMPLATE.format(runtime=runtime, metadata=metadata, timeout=TIMEOUT_SECONDS)
        for name, content in {"template.yaml": template, **files}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
        self.arguments = arguments
        self.start()

    def start(self):
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        command = [binary(), "up", "--listen", "127.0.0.1:0", "--ready-file", str(ready), "--debug", f"F:{self.port}"]
        self.log = self.folder / "up.log"
        self.server = subprocess.Popen(
            [*command, *self.arguments], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.log.open("a"), stderr=subprocess.STDOUT
        )

        def look():
            assert self.server.poll() is None, self.log.read_text()
            return ready.exists(), self.log.read_text()

        until("it is up", look, START_SECONDS)
        self.endpoint = json.loads(ready.read_text())["endpoint"]

    def begin(self, name):
        """Starts an execution in the background; its result is the list's one member, once there is one."""
        results = []
        command = [binary(), "invoke", "F", "--payload", '{"word": "hi"}', "--wait", "--name", name, "--endpoint", self.endpoint]

        def run():
            done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE_SECONDS)
            results.append(done.stdout.strip() or done.stderr)

        threading.Thread(target=run, daemon=True).start()
        return results

    def result(self, results):
        return until("the execution has ended", lambda: (results and results[0], self.log.read_text()))

    def pid(self):
        found = until("a process has started", lambda: (re.findall(r"is process (\d+)", self.log.read_text()), self.log.read_text()))
        return int(found[-1])

    def status(self, name):
        shown = subprocess.run(
            [binary(), "ls", "--endpoint", self.endpoint, "--output", "json"], capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )
        assert shown.returncode == 0, shown.stderr
        found = [line for line in shown.stdout.splitlines() if name in line]
        return shown.stdout if found else ""

    def stop(self):
        if self.server.poll() is None:
            self.server.send_signal(signal.SIGINT)
            self.server.wait(timeout=PATIENCE_SECONDS)


@contextlib.contextmanager
def up(*arguments, **options):
    running = Up(*arguments, **options)
    try:
        yield running
    finally:
        running.stop()


class Inspector:
    """Node.js's inspector: JSON in text frames of a WebSocket."""

    def __init__(self, port):
        def look():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE_SECONDS) as answer:
                    return json.load(answer), None
            except OSError as error:
                return None, error

        target = until("the inspector answers", look)[0]
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        path = target["webSocketDebuggerUrl"].split(str(port), 1)[1]
        key = base64.b64encode(os.urandom(16)).decode()
        self.connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.stream = self.connection.makefile("rb")
        assert b" 101 " in self.stream.readline()
        while self.stream.readline().strip():
            pass
        self.number, self.events = 0, []
        for method in ("Runtime.enable", "Debugger.enable"):
            self.call(method)

    def call(self, method, **parameters):
        self.number += 1
        text = json.dumps({"id": self.number, "method": method, "params": parameters}).encode()
        mask = os.urandom(4)
        length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + struct.pack(">H", len(text))
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(text))
        self.connection.sendall(b"\x81" + length + mask + masked)
        while True:
            message = self._read()
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def _read(self):
        text, last = b"", False
        while not last:
            head = self.stream.read(2)
            last, length = bool(head[0] & 0x80), head[1] & 0x7F
            if length == 126:
                (length,) = struct.unpack(">H", self.stream.read(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self.stream.read(8))
            text += self.stream.read(length)
        return json.loads(text)

    def event(self, method, fits=lambda event: True):
        while True:
            for event in self.events:
                if event["method"] == method and fits(event["params"]):
                    self.events.remove(event)
                    return event["params"]
            self.events.append(self._read())

    def close(self):
        self.connection.close()


def decoded(mappings):
    """The segments of a source map, as (line, column, source, source line)."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    source = source_line = 0
    for line, segments in enumerate(mappings.split(";")):
        column = 0
        for segment in filter(None, segments.split(",")):
            values, value, shift = [], 0, 0
            for digit in map(digits.index, segment):
                value |= (digit & 31) << shift
                shift += 5
                if not digit & 32:
                    values.append(-(value >> 1) if value & 1 else value >> 1)
                    value = shift = 0
            column += values[0]
            if len(values) > 1:
                source, source_line = source + values[1], source_line + values[2]
                yield line, column, source, source_line


def place_in_bundle(script, file, line):
    """Where a debugger sets the breakpoint for a line of a file that a bundle was made of."""
    source_map = json.loads(base64.b64decode(script["sourceMapURL"].split("base64,", 1)[1]))
    assert file.as_uri() in source_map["sources"], source_map["sources"]
    wanted = source_map["sources"].index(file.as_uri())
    places = ((at, column) for at, column, source, source_line in decoded(source_map["mappings"]) if (source, source_line) == (wanted, line))
    return next(places)


def line_of(text, what):
    return next(at for at, line in enumerate(text.splitlines()) if what in line)


def hold(running, name, results):
    """Stands in a breakpoint for longer than the function and the execution may take."""
    began = time.monotonic()
    until("its timeouts have passed", lambda: (time.monotonic() - began > 3 * TIMEOUT_SECONDS, began))
    assert not results and "RUNNING" in running.status(name)


@pytest.mark.parametrize("language", ["javascript", "typescript"])
def test_node_stops_in_the_developers_own_file(tmp_path, language):
    files, metadata = {"src/app.mjs": JAVASCRIPT, "src/lib/word.js": WORD, "src/package.json": "{}"}, ""
    if language == "typescript":
        files, metadata = {"src/app.ts": TYPESCRIPT}, ESBUILD
    file = tmp_path / ("src/app.ts" if metadata else "src/app.mjs")
    line = line_of(file.name.endswith("ts") and TYPESCRIPT or JAVASCRIPT, "return answer")
    with up(tmp_path, NODE, files, metadata) as running:
        assert json.loads(running.result(running.begin("warm"))) == "hi!"
        pid = running.pid()
        inspector = Inspector(running.port)
        if metadata:
            script = inspector.event("Debugger.scriptParsed", lambda it: it["sourceMapURL"] and "node_modules" not in it["url"])
            at, column = place_in_bundle(script, file, line)
            inspector.call("Debugger.setBreakpoint", location={"scriptId": script["scriptId"], "lineNumber": at, "columnNumber": column})
        else:
            set_at = inspector.call("Debugger.setBreakpointByUrl", url=file.as_uri(), lineNumber=line)
            assert [it["lineNumber"] for it in set_at["locations"]] == [line], set_at
            word = inspector.event("Debugger.scriptParsed", lambda it: it["url"].endswith("/src/lib/word.js"))
            assert word["url"] == (tmp_path / "src/lib/word.js").as_uri()
        results = running.begin("held")
        paused = inspector.event("Debugger.paused")
        assert paused["hitBreakpoints"], paused
        hold(running, "held", results)
        inspector.call("Debugger.resume")
        assert json.loads(running.result(results)) == "hi!"
        assert running.pid() == pid, "the process is kept"
        inspector.close()
        # An edit is another process, at the same port.
        source = file.read_text()
        before = running.log.read_text().count("↻ F")
        file.write_text(source.replace("return answer", "return '' + answer"))
        until("it is deployed", lambda: (running.log.read_text().count("↻ F") > before, running.log.read_text()))
        assert json.loads(running.result(running.begin("edited"))) == "hi!"
        assert running.pid() != pid
        inspector = Inspector(running.port)
        if not metadata:
            assert inspector.call("Debugger.setBreakpointByUrl", url=file.as_uri(), lineNumber=line)["locations"]
        inspector.close()


class Adapter:
    """debugpy, which speaks the Debug Adapter Protocol itself."""

    def __init__(self, port):
        def look():
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS), None
            except OSError as error:
                return None, error

        self.connection = until("debugpy listens", look)
        self.stream = self.connection.makefile("rb")
        self.number, self.seen = 0, []
        self.answer(self.call("initialize", adapterID="test", clientID="test"))

    def call(self, command, **arguments):
        self.number += 1
        text = json.dumps({"seq": self.number, "type": "request", "command": command, "arguments": arguments}).encode()
        self.connection.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(text), text))
        return self.number

    def _wait(self, fits):
        while True:
            for message in self.seen:
                if fits(message):
                    self.seen.remove(message)
                    return message
                assert message.get("success", True), message
            length = 0
            while head := self.stream.readline().strip():
                name, _, value = head.partition(b":")
                if name == b"Content-Length":
                    length = int(value)
            assert length, f"it hangs up; seen: {self.seen}"
            self.seen.append(json.loads(self.stream.read(length)))

    def answer(self, number):
        answer = self._wait(lambda it: it["type"] == "response" and it["request_seq"] == number)
        assert answer["success"], answer
        return answer.get("body")

    def event(self, name):
        return self._wait(lambda it: it["type"] == "event" and it["event"] == name)["body"]

    def attach(self, file, line, **arguments):
        """Attaches with a breakpoint; what the breakpoint became."""
        # An attachment that asks for nothing is refused.
        attached = self.call("attach", justMyCode=False, **arguments)
        self._wait(lambda it: it["type"] == "event" and it["event"] == "initialized")
        source = {"path": str(file)}
        at = self.call("setBreakpoints", source=source, breakpoints=[{"line": line + 1}])
        breakpoints = self.answer(at)["breakpoints"]
        self.answer(self.call("configurationDone"))
        self.answer(attached)
        return breakpoints

    def close(self):
        self.connection.close()


@pytest.mark.parametrize("mappings", ["of the editor", "of the process"])
def test_python_stops_in_the_developers_own_file(tmp_path, mappings):
    file, line = tmp_path / "src/app.py", line_of(PYTHON, "return answer")
    with up(tmp_path, "python3.13", {"src/app.py": PYTHON}) as running:
        assert json.loads(running.result(running.begin("warm"))) == "hi!"
        pid = running.pid()
        arguments = {}
        if mappings == "of the editor":
            # As `lambdura debug --vscode` writes them.
            subprocess.run([binary(), "debug", "--vscode", f"F:{running.port}"], cwd=tmp_path, check=True, capture_output=True)
            launch = json.loads((tmp_path / ".vscode/launch.json").read_text())
            (configuration,) = launch["configurations"]
            assert configuration["connect"] == {"host": "127.0.0.1", "port": running.port}
            text = json.dumps(configuration["pathMappings"]).replace("${workspaceFolder}", str(tmp_path))
            arguments = {"pathMappings": json.loads(text)}
        adapter = Adapter(running.port)
        breakpoints = adapter.attach(file, line, **arguments)
        assert breakpoints[0]["verified"], breakpoints
        results = running.begin("held")
        stopped = adapter.event("stopped")
        assert stopped["reason"] == "breakpoint", stopped
        frames = adapter.answer(adapter.call("stackTrace", threadId=stopped["threadId"]))["stackFrames"]
        assert frames[0]["source"]["path"] == str(file) and frames[0]["line"] == line + 1, frames[0]
        hold(running, "held", results)
        adapter.call("continue", threadId=stopped["threadId"])
        assert json.loads(running.result(results)) == "hi!"
        assert running.pid() == pid, "the process is kept"
        adapter.close()
        before = running.log.read_text().count("↻ F")
        file.write_text(PYTHON.replace('WORD = "!"', 'WORD = "?"'))
        until("it is deployed", lambda: (running.log.read_text().count("↻ F") > before, running.log.read_text()))
        assert json.loads(running.result(running.begin("edited"))) == "hi?"
        assert running.pid() != pid


def test_a_process_that_waits_for_its_debugger(tmp_path):
    file, line = tmp_path / "src/app.py", line_of(PYTHON, 'WORD = "!"')
    with up(tmp_path, "python3.13", {"src/app.py": PYTHON}, arguments=["--debug-wait"]) as running:
        results = running.begin("first")
        adapter = Adapter(running.port)
        # Code of the module itself, which runs once.
        adapter.attach(file, line)
        stopped = adapter.event("stopped")
        assert stopped["reason"] == "breakpoint", stopped
        assert not results
        adapter.call("continue", threadId=stopped["threadId"])
        assert json.loads(running.result(results)) == "hi!"
        adapter.close()


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_a_server_that_is_killed_takes_a_held_process_with_it(tmp_path, language):
    if language == "python":
        runtime, files, file, text = "python3.13", {"src/app.py": PYTHON}, "src/app.py", PYTHON
    else:
        runtime, file, text = NODE, "src/app.mjs", JAVASCRIPT
        files = {file: JAVASCRIPT, "src/lib/word.js": WORD}
    line = line_of(text, "return answer")
    with up(tmp_path, runtime, files) as running:
        running.result(running.begin("warm"))
        pid = running.pid()
        if language == "python":
            adapter = Adapter(running.port)
            adapter.attach(tmp_path / file, line)
            running.begin("held")
            adapter.event("stopped")
        else:
            adapter = Inspector(running.port)
            adapter.call("Debugger.setBreakpointByUrl", url=(tmp_path / file).as_uri(), lineNumber=line)
            running.begin("held")
            adapter.event("Debugger.paused")
        running.server.kill()
        running.server.wait()

        def gone():
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return True, None
            return False, pid

        until("the process has ended", gone)
        adapter.close()
        # The next one takes the execution up, at the same port.
        running.start()
        until("it has ended", lambda: ("SUCCEEDED" in running.status("held"), running.status("held")))
