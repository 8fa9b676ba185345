"""The handlers in `rust/` as functions of a `lambdura up`: one program, already built, and a link to it for each."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).parent
TEMPLATE = HERE / "rust" / "template.yaml"
LAMBDURA = Path(os.environ["LAMBDURA_BIN"])
# Built by the same cargo command.
HANDLERS = LAMBDURA.with_name("conformance-handlers")

STACK = "conformance"
REGION = "us-east-1"
# Longest time for `lambdura up` to be ready; the machine may be busy.
PATIENCE_SECONDS = 120

# Functions for requirements that AWS's repository has and its package does not; see `rust/generate_template.py`.
NEWER = {f"10-{number}": f"Plugin{number}" for number in range(8, 24)}


@contextlib.contextmanager
def handlers_up(folder):
    """Yields the endpoint of a system of its own, which must survive."""
    ready_file, log = folder / "ready.json", folder / "lambdura.log"
    # One copy on the file system of the data, and a link to it for each function.
    program = shutil.copy(HANDLERS, folder / "bootstrap")
    for logical_id in re.findall(r"^  (\w+):$", TEMPLATE.read_text().partition("\nResources:")[2], re.MULTILINE):
        code = folder / "data" / "build" / logical_id
        code.mkdir(parents=True)
        os.link(program, code / "bootstrap")
    settings = {name: value for name, value in os.environ.items() if not name.startswith("LAMBDURA_")}
    command = [LAMBDURA, "up", TEMPLATE, "--no-build", "--stack-name", STACK, "--region", REGION]
    command += ["--data-dir", folder / "data", "--ready-file", ready_file]
    command += ["--listen", "127.0.0.1:0", "--http-api-listen", "127.0.0.1:0"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=settings, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not ready_file.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield json.loads(ready_file.read_text())["endpoint"]
        assert process.poll() is None, f"the system did not survive the tests:\n{log.read_text()}"
    finally:
        process.terminate()
        process.wait(timeout=60)
