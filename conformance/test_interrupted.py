"""Ctrl-C while packages are installed: whoever presses it does not wait for a registry."""

import os
import signal
import socket
import subprocess

from system import PATIENCE_SECONDS, binary

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: Hello, Runtime: python3.13, Handler: app.handler, CodeUri: src}
"""


def test_an_installation_is_not_waited_for(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/app.py").write_text("def handler(event, context):\n    return 1\n")
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    with socket.create_server(("127.0.0.1", 0)) as registry:
        registry.settimeout(PATIENCE_SECONDS)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("LAMBDURA_", "XDG_", "PIP_"))}
        environment |= {
            "HOME": str(tmp_path),
            # It never answers, and pip waits for longer than this test does.
            "PIP_INDEX_URL": f"http://127.0.0.1:{registry.getsockname()[1]}/simple",
            "PIP_DEFAULT_TIMEOUT": "600",
            "PIP_RETRIES": "0",
        }
        command = [binary(), "up", str(tmp_path), "--listen", "127.0.0.1:0", "--http-api-listen", "127.0.0.1:0"]
        log = tmp_path / "up.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
        try:
            # pip ends when this does, as nobody answers any more.
            asked, _ = registry.accept()
            with asked:
                process.send_signal(signal.SIGINT)
                assert process.wait(PATIENCE_SECONDS) == 130, log.read_text()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
