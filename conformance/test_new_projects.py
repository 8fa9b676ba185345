"""`lambdura init`: beside a SAM template, and beside an app of the CDK, which then runs.

`lambdura new`: each project in each language is tested by its own test, runs, and comes to the end that its page promises.

cfn-lint accepts each template. What npm installs is installed once.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from system import HERE, PATIENCE_SECONDS, RUST_PROJECTS, START_SECONDS, binary, up

LANGUAGES = ["python", "typescript", "rust"]
DAY = 24 * 60 * 60
# By template: the event, what the result holds, and how long it takes in days.
ENDS = {
    "approval": ("expense", {"status": "PAID"}, 3),
    "saga": ("no-cars", {"status": "CANCELLED", "cancelled": ["hotel", "flight"]}, 0),
    "agent": ("broken-lamp", {"status": "ANSWERED", "turns": 3}, 0.25),
    "fan-out": ("january", {"sent": 5, "total": 6320, "failed": ["Alan"]}, 0),
}
PROJECTS = [(language, template) for language in LANGUAGES for template in ENDS]
# Those that are run: every template, and every language once more; all of them with LAMBDURA_EVERY_PROJECT=1. The tests of
# all projects run in any case: what npm and cargo make for one of a language, the others take.
RUN = [
    (language, template)
    for language, template in PROJECTS
    if os.environ.get("LAMBDURA_EVERY_PROJECT")
    or language == "python"
    or (language, template) in [("typescript", "saga"), ("rust", "approval")]
]


ROOT = HERE.parent
BUILD_SECONDS = 1800


def run(command, folder, patience=PATIENCE_SECONDS, **variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LAMBDURA_")}
    environment.update(variables)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=patience)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Every project, where nothing lies above, by language and template; and what the command said of it."""
    root = tmp_path_factory.mktemp("new")
    projects = {}
    for language, template in PROJECTS:
        folder = root / language
        folder.mkdir(exist_ok=True)
        command = [binary(), "new", f"my-{template}", "--language", language, "--template", template, "--output", "json"]
        said = json.loads(run([*command, "--path-to-lambdura", str(ROOT)], folder))
        projects[language, template] = folder / f"my-{template}", said
        if language == "rust":
            shutil.copy2(ROOT / "Cargo.lock", folder / f"my-{template}")
    return projects


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """What npm installs for a project: the same for all, so once."""
    kept = tmp_path_factory.mktemp("packages") / "node_modules"

    def install(folder):
        if not kept.exists():
            run(["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"], folder, START_SECONDS)
            shutil.copytree(folder / "node_modules", kept, symlinks=True)
        elif not (folder / "node_modules").exists():
            shutil.copytree(kept, folder / "node_modules", symlinks=True)

    return install


@pytest.mark.parametrize(("language", "template"), PROJECTS)
def test_what_is_said_is_there(made, language, template):
    folder, said = made[language, template]
    files = said["files"]
    assert all((folder / name).is_file() for name in files)
    assert said["next"][0] == f"cd my-{template}"
    assert said["next"][1].startswith("lambdura up --clock auto")
    assert ("answers.yaml" in said["next"][1]) == ("answers.yaml" in files)


@pytest.mark.parametrize(("language", "template"), PROJECTS)
def test_cfn_lint_accepts_the_template(made, language, template):
    folder, _ = made[language, template]
    run([Path(sys.executable).with_name("cfn-lint"), "--template", folder / "template.yaml"], folder)


@pytest.mark.parametrize(("language", "template"), PROJECTS)
def test_its_own_test_passes(made, packages, language, template):
    folder, _ = made[language, template]
    program = str(Path(binary()).resolve())
    match language:
        case "python":
            run([sys.executable, "-m", "pytest"], folder, START_SECONDS, LAMBDURA_BIN=program)
        case "typescript":
            packages(folder)
            run(["npm", "run", "check"], folder)
            run(["npm", "test"], folder, START_SECONDS, LAMBDURA_BIN=program)
        case "rust":
            run(["cargo", "test", "--quiet"], folder, BUILD_SECONDS, **RUST_PROJECTS)


@pytest.mark.parametrize(("language", "template"), RUN)
def test_it_runs_to_its_end(made, packages, tmp_path, language, template):
    folder, said = made[language, template]
    event, expected, days = ENDS[template]
    if language == "typescript":
        packages(folder)
    answers = ["--answers", str(folder / "answers.yaml")] if "answers.yaml" in said["files"] else []
    with up(folder, tmp_path, "--clock", "auto", *answers, variables=RUST_PROJECTS) as system:
        payload = f"@{folder / 'events' / event}.json"
        result = json.loads(system.command("invoke", f"my-{template}", "--payload", payload, "--wait"))
        assert expected.items() <= result.items(), result
        [shown] = system.client.list_durable_executions_by_function(FunctionName=f"my-{template}")["DurableExecutions"]
        took = (shown["EndTimestamp"] - shown["StartTimestamp"]).total_seconds()
        assert days * DAY <= took < days * DAY + 3600, took


def test_init_beside_a_template(tmp_path):
    """It adds one line, once, and nothing else."""
    (tmp_path / "template.yaml").write_text("Transform: AWS::Serverless-2016-10-31\nResources: {}\n")
    (tmp_path / "cdk.json").write_text("{}")
    command = [binary(), "init", "--output", "json"]
    dry = json.loads(run([*command, "--dry-run"], tmp_path))
    assert dry["changed"] == ".gitignore" and not (tmp_path / ".gitignore").exists()
    said = json.loads(run(command, tmp_path))
    # As for `lambdura up`: the template says what is run.
    assert said["project"] == "a SAM template"
    assert ["lambdura up", "run it; then open the console"] in said["next"]
    assert (tmp_path / ".gitignore").read_text() == ".lambdura/\n"
    assert json.loads(run(command, tmp_path))["changed"] is None
    assert sorted(path.name for path in tmp_path.iterdir()) == [".gitignore", "cdk.json", "template.yaml"]


def test_init_beside_a_cdk_app(tmp_path):
    app = tmp_path / "orders"
    shutil.copytree(HERE / "cdk-app", app)
    run(["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"], app, START_SECONDS)
    before = {path.name: path.read_text() for path in app.iterdir() if path.is_file()}
    said = json.loads(run([binary(), "init", "--output", "json"], app))
    assert said["project"] == "an app of the CDK" and said["changed"] == ".gitignore"
    after = {path.name: path.read_text() for path in app.iterdir() if path.is_file()}
    assert after == before | {".gitignore": ".lambdura/\n"}
    [(command, _)] = [it for it in said["next"] if "lambdura up" in it[0]]
    synth, up_command = command.split(" && ")
    assert up_command == "lambdura up"
    run(synth.split(), app, START_SECONDS)
    with up(app, tmp_path) as system:
        said = system.command("invoke", "Orders/Approve", "--payload", '{"name": "Ada"}', "--wait")
        assert json.loads(said) == "Hello, Ada"
