"""An emulator of AWS's other services, from PyPI."""

import contextlib
import fcntl
import os
import subprocess
import sys
import urllib.request

from ports import free_port
from system import HERE, until

MINISTACK = "ministack==1.5.33"


def installed():
    """The emulator's folder; one process of the tests installs it, and the others wait."""
    venv = HERE.parent / "target/ministack"
    venv.parent.mkdir(parents=True, exist_ok=True)
    with venv.with_name("ministack.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (venv / MINISTACK).exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
            pip = [venv / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, MINISTACK], check=True)
            (venv / MINISTACK).touch()
    return venv


@contextlib.contextmanager
def ministack(folder):
    """An emulator in a process of its own, with packages of its own: it insists on one version of botocore."""
    venv = installed()
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
