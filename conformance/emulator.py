"""An emulator of AWS's other services, from PyPI."""

import contextlib
import os
import subprocess
import sys
import urllib.request

from ports import free_port
from system import HERE, until

MINISTACK = "ministack==1.5.33"


@contextlib.contextmanager
def ministack(folder):
    """An emulator in a process of its own, with packages of its own: it insists on one version of botocore."""
    venv = HERE.parent / "target/ministack"
    python = venv / "bin/python"
    if not (venv / MINISTACK).exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", MINISTACK], check=True)
        (venv / MINISTACK).touch()
    port = free_port()
    environment = {**os.environ, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "S3_DATA_DIR": str(folder / "s3")}
    with (folder / "ministack.log").open("wb") as log:
        process = subprocess.Popen([venv / "bin/ministack"], env=environment, stdout=log, stderr=log, cwd=folder)
    url = f"http://127.0.0.1:{port}"

    def answers():
        try:
            with urllib.request.urlopen(f"{url}/_localstack/health", timeout=5) as answer:
                return answer.status == 200, answer.status
        except OSError as error:
            assert process.poll() is None, (folder / "ministack.log").read_text()
            return False, error

    try:
        until("the emulator answers", answers)
        yield url
    finally:
        process.terminate()
        process.wait(30)
