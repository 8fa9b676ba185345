"""The snippets of `docs/testing.md` that are not Rust: each is run as it stands there, but for names and addresses."""

import os
import re
import shlex
import shutil
import subprocess

import pytest
from system import HERE, PATIENCE_SECONDS, up

GUIDE = (HERE.parent / "docs/testing.md").read_text()
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


def snippet(language, marked):
    """The one block of a language that has this text in it."""
    [found] = [one for one in re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL) if marked in one]
    return found


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with up("runners", tmp_path_factory.mktemp("guide"), "--clock", "auto") as running:
        yield running


def test_the_runner_for_python(system, monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    code = snippet("python", "DurableFunctionCloudTestRunner").replace("http://127.0.0.1:3001", system.endpoint)
    found = {}
    exec(code.replace("Parcel:live", "PythonParcel:live"), found)
    assert "Ada" in found["result"].result


def test_the_runner_for_javascript(system, tmp_path):
    tests = tmp_path / "tests"
    shutil.copytree(HERE / "runners/tests", tests)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=tests, check=True, capture_output=True)
    code = snippet("js", "CloudDurableTestRunner").replace("Parcel:live", "NodeParcel:live")
    (tests / "guide.mjs").write_text(code + "\nconsole.log(result.getStatus(), result.getResult())\n")
    environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": system.endpoint}
    run = {"cwd": tests, "env": environment, "capture_output": True, "text": True, "timeout": PATIENCE_SECONDS}
    done = subprocess.run(["node", "guide.mjs"], **run)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("SUCCEEDED") and "Ada" in done.stdout, done.stdout


def test_the_commands_of_the_clock(system):
    system.ended(system.begin("NodeParcel", {"do": "drop"}, "dropped"))
    lines = [line.split("#")[0] for line in snippet("sh", "lambdura clock next").splitlines()]
    assert len(lines) == 5
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "lambdura"
        system.command(*arguments)
    system.command("clock", "release")
