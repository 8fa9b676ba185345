"""The GitHub Action: its scripts, run as a runner runs them, with a release that is made here.

What GitHub itself does is left out: the cache finds nothing, and `gh` is a program that copies from a folder.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tarfile

import pytest
import yaml
from system import HERE, START_SECONDS, binary

ACTION = yaml.safe_load((HERE.parent / "action.yml").read_text())
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: {Runtime: provided.al2023, Handler: bootstrap, FunctionName: hello, CodeUri: code}
"""
# As many releases as there are archives in $RELEASES; what it is asked is written down.
GH = """\
#!/bin/sh
echo "$@" >> "$RELEASES/asked"
case "$1 $2" in
    "release download") shift 6; cp "$RELEASES/$1" . ;;
    "attestation verify") test -f "$3" && ! test -f "$RELEASES/forged" ;;
    *) exit 2 ;;
esac
"""
NAME = {
    ("linux", "x86_64"): "x86_64-unknown-linux-musl",
    ("linux", "aarch64"): "aarch64-unknown-linux-musl",
    ("darwin", "x86_64"): "x86_64-apple-darwin",
    ("darwin", "arm64"): "aarch64-apple-darwin",
}[sys.platform, os.uname().machine]


class Runner:
    """A job in which the action is used."""

    def __init__(self, folder):
        self.folder = folder
        self.releases = folder / "releases"
        self.temporary = folder / "temporary"
        programs = folder / "programs"
        for made in (self.releases, self.temporary, programs):
            made.mkdir()
        (programs / "gh").write_text(GH)
        (programs / "gh").chmod(0o755)
        self.path = [str(programs), *os.environ["PATH"].split(os.pathsep)]
        self.variables = {}

    def release(self, version):
        """An archive whose program is the one that is tested."""
        name = f"lambdura-{version}-{NAME}"
        program = self.folder / "lambdura"
        program.write_text(f'#!/bin/sh\nexec "{binary()}" "$@"\n')
        program.chmod(0o755)
        with tarfile.open(self.releases / f"{name}.tar.xz", "w:xz") as archive:
            archive.add(program, f"{name}/lambdura")

    def asked(self):
        path = self.releases / "asked"
        return path.read_text().splitlines() if path.exists() else []

    def use(self, tag, **inputs):
        """Runs the action's steps in their order; its outputs."""
        inputs = {name: about.get("default", "") for name, about in ACTION["inputs"].items()} | inputs
        steps = {}
        for step in ACTION["runs"]["steps"]:
            if "uses" in step:
                # The cache knows nothing yet.
                assert step["uses"].startswith("actions/cache@"), step
                continue
            if step.get("if") == "inputs.template != ''":
                if not inputs["template"]:
                    continue
            else:
                assert "if" not in step, step
            values = {"github.action_ref": tag, "github.token": "token"}
            values |= {f"inputs.{name}": value for name, value in inputs.items()}
            values |= {f"steps.{id}.outputs.{name}": value for id, outputs in steps.items() for name, value in outputs.items()}
            environment = {name: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: values[found[1]], text) for name, text in step["env"].items()}
            steps[step.get("id", step["name"])] = self.run(step["run"], environment)
        return steps.get("start", {})

    def run(self, script, environment):
        files = {name: self.folder / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_ENV")}
        for file in files.values():
            file.write_text("")
        machine = NAME.split("-")[0]
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("LAMBDURA_", "AWS_"))},
            **self.variables,
            **environment,
            **{name: str(path) for name, path in files.items()},
            "PATH": os.pathsep.join(self.path),
            "RELEASES": str(self.releases),
            "RUNNER_TEMP": str(self.temporary),
            "RUNNER_OS": {"linux": "Linux", "darwin": "macOS"}[sys.platform],
            "RUNNER_ARCH": {"x86_64": "X64", "aarch64": "ARM64"}[machine],
        }
        command = ["bash", "--noprofile", "--norc", "-e", "-c", script]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=START_SECONDS
        )
        assert done.returncode == 0, done.stdout
        written = {name: path.read_text().splitlines() for name, path in files.items()}
        self.path[:0] = written["GITHUB_PATH"]
        self.variables |= dict(line.split("=", 1) for line in written["GITHUB_ENV"])
        return dict(line.split("=", 1) for line in written["GITHUB_OUTPUT"])


@pytest.fixture
def runner(tmp_path):
    runner = Runner(tmp_path)
    runner.release("9.8.7")
    return runner


def test_a_release_is_verified_and_installed_once(runner):
    assert runner.use("v9.8.7") == {}
    archive = f"lambdura-9.8.7-{NAME}.tar.xz"
    assert runner.asked() == [
        f"release download v9.8.7 --repo lambdura/lambdura --pattern {archive} --clobber",
        f"attestation verify {archive} --repo lambdura/lambdura",
    ]
    assert runner.path[0] == f"{runner.temporary}/lambdura/lambdura-9.8.7-{NAME}"
    # As when the cache had it.
    runner.use("main", version="9.8.7")
    assert len(runner.asked()) == 2


def test_what_others_have_built_is_not_installed(runner):
    (runner.releases / "forged").touch()
    with pytest.raises(AssertionError):
        runner.use("v9.8.7")
    assert not list(runner.temporary.rglob("lambdura-9.8.7-*/lambdura"))


def test_a_branch_is_no_version(runner):
    with pytest.raises(AssertionError, match="name a release with the input 'version'"):
        runner.use("main")


def test_a_template_is_started_for_the_steps_that_follow(runner):
    (runner.folder / "template.yaml").write_text(TEMPLATE)
    code = runner.folder / "code/bootstrap"
    code.parent.mkdir()
    code.write_text("#!/bin/sh\nexit 1\n")
    code.chmod(0o755)
    words = f"--listen 127.0.0.1:0 --http-api-listen 127.0.0.1:0 --data-dir {runner.folder}/data --no-build"
    try:
        endpoint = runner.use("v9.8.7", template="template.yaml", arguments=words)["endpoint"]
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", endpoint)
        variables = ["AWS_ENDPOINT_URL_LAMBDA", "LAMBDURA_ENDPOINT", "LAMBDURA_TEST_ENDPOINT"]
        assert runner.variables == dict.fromkeys(variables, endpoint)
        # The command that was installed, at the server that was started.
        said = runner.run('echo "said=$(lambdura clock --output json)" | tr -d "\\n " >> "$GITHUB_OUTPUT"', {})
        assert '"mode":"auto"' in said["said"], said
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.kill(json.loads((runner.temporary / "lambdura/ready.json").read_text())["pid"], signal.SIGTERM)


def test_a_server_that_does_not_start_says_why(runner):
    with pytest.raises(AssertionError, match="missing.yaml"):
        runner.use("v9.8.7", template="missing.yaml", arguments="--listen 127.0.0.1:0")


def test_every_input_is_described():
    page = (HERE.parent / "docs/in-ci.md").read_text()
    assert re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE) == list(ACTION["inputs"])
