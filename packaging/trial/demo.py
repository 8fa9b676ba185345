"""Runs `lambdura demo` in a root folder of its own, and has Alice's loan approved.

    unshare --mount --net --pid --fork --kill-child python3 demo.py [OPTION...] ROOT COMMAND...

There is no network but the machine's own loopback: what was not in the package is not there.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

# The promise: from the command to the loan.
SECONDS_MAX = 30.0

ALICE = {"name": "Alice Johnson", "sin": "1111", "loan_amount": 150_000}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--user", default="0:0")
    parser.add_argument("--home", default="/root")
    parser.add_argument("--seconds", type=float, default=SECONDS_MAX)
    parser.add_argument("root", type=Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    root = options.root
    run("ip", "link", "set", "lo", "up")
    run("mount", "-t", "proc", "proc", str(root / "proc"))
    run("mount", "--rbind", "/dev", str(root / "dev"))
    ready_file = root / "tmp/ready.json"
    ready_file.unlink(missing_ok=True)
    began = time.monotonic()
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": options.home, "LAMBDURA_READY_FILE": "/tmp/ready.json"}
    chroot = [shutil.which("chroot") or "chroot", f"--userspec={options.user}", str(root)]
    demo = subprocess.Popen([*chroot, *options.command], env=environment)
    ready = until("the demo is ready", demo, lambda: ready_file.exists() and json.loads(ready_file.read_text()))
    print(f"    ready after {time.monotonic() - began:.1f} s", flush=True)
    page = urllib.request.urlopen(ready["page"]).read().decode()
    api = ready["http_apis"]["LoanApi"]
    assert f'content="{api}"' in page, page
    assert b"<html" in urllib.request.urlopen(ready["console"] + "/executions").read()
    loan = post(f"{api}/apply", ALICE)["application_id"]

    def status() -> str:
        return json.load(urllib.request.urlopen(f"{api}/status/{loan}"))["status"]

    until("a manager is asked", demo, lambda: status() == "pending_approval")
    post(f"{api}/approve/{loan}", {"approved": True})
    until("the loan is approved", demo, lambda: status() == "approved")
    took = time.monotonic() - began
    print(f"    Alice has her loan after {took:.1f} s", flush=True)
    assert took < options.seconds, f"longer than {options.seconds} s"
    os.kill(ready["pid"], signal.SIGINT)
    code = demo.wait(timeout=60)
    assert code == 130, f"the demo ended with {code}"
    left = [path.name for path in (root / "tmp").iterdir() if path.name.startswith("lambdura-demo")]
    assert not left, f"left behind: {left}"


def until(what: str, demo: subprocess.Popen, condition):
    """Waits for it, for two minutes at the most."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if demo.poll() is not None:
            sys.exit(f"the demo ended with {demo.returncode} before {what}")
        if found := condition():
            return found
        time.sleep(0.05)
    sys.exit(f"not within two minutes: {what}")


def post(url: str, body: dict) -> dict:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    return json.load(urllib.request.urlopen(request))


def run(*command: str) -> None:
    subprocess.run(command, check=True)


main()
