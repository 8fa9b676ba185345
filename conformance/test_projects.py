"""Projects as people have them, built by `lambdura up` with pip and npm: workspaces, local packages, layers, bundles, and
packages that only Lambda brings."""

import json
import os
import subprocess

import pytest
from system import binary, up

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals: {{Function: {{Timeout: 20, Runtime: {runtime}, Handler: app.handler}}}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {{FunctionName: F, {properties}}}
{rest}
"""

NODE, PYTHON = "nodejs20.x", "python3.13"


def lay_down(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))


def answer(tmp_path, runtime, files, properties="CodeUri: fn", rest="", payload=b"{}"):
    """What the function `F` of a project with these files answers, and what `up` said."""
    project = tmp_path / "project"
    template = TEMPLATE.format(runtime=runtime, properties=properties, rest=rest)
    lay_down(project, {"template.yaml": template, **files})
    with up(str(project / "template.yaml"), tmp_path / "scratch") as system:
        answered = system.client.invoke(FunctionName="F", Payload=payload)
        return json.loads(answered["Payload"].read()), (tmp_path / "scratch/up.log").read_text()


def says(text):
    return f"exports.handler = async () => {text}"


ESBUILD = "    Metadata: {BuildMethod: esbuild, BuildProperties: {Minify: false}}"


def test_a_local_package_brings_its_own_packages(tmp_path):
    files = {
        "fn/package.json": {"dependencies": {"near": "file:../near"}},
        "fn/app.js": says("require('near')"),
        "near/package.json": {"name": "near", "version": "1.0.0", "dependencies": {"far": "file:../far", "ms": "2.1.3"}},
        "near/index.js": "module.exports = [require('far'), require('ms')(1000)]",
        "far/package.json": {"name": "far", "version": "1.0.0"},
        "far/index.js": "module.exports = 'far'",
    }
    assert answer(tmp_path, NODE, files)[0] == ["far", "1s"]


@pytest.mark.parametrize("kind", ["npm", "pnpm"])
def test_a_member_of_a_workspace_finds_members_and_hoisted_packages(tmp_path, kind):
    own = {"near": "workspace:*" if kind == "pnpm" else "1.0.0", "ms": "2.1.3"}
    files = {
        "package.json": {"private": True, **({"workspaces": ["packages/*"]} if kind == "npm" else {})},
        "packages/fn/package.json": {"name": "fn", "version": "1.0.0", "dependencies": own},
        "packages/fn/app.js": says("[require('near'), require('ms')(60000)]"),
        "packages/near/package.json": {"name": "near", "version": "1.0.0"},
        "packages/near/index.js": "module.exports = 'near'",
        "packages/other/package.json": {"name": "other", "version": "1.0.0", "scripts": {"postinstall": "exit 1"}},
    }
    if kind == "pnpm":
        files["pnpm-workspace.yaml"] = "packages:\n  - 'packages/*'\n"
        files["pnpm-lock.yaml"] = "lockfileVersion: '9.0'\n"
    answered, said = answer(tmp_path, NODE, files, "CodeUri: packages/fn")
    assert answered == ["near", "1m"]
    assert ("pnpm-lock.yaml` is not read" in said) == (kind == "pnpm"), said


def test_install_scripts_find_the_sources(tmp_path):
    scripts = {"postinstall": "node tools/make.js", "prepare": "no-such-program"}
    files = {
        "fn/package.json": {"scripts": scripts},
        "fn/tools/make.js": "require('fs').writeFileSync('made.json', '\"made\"')",
        "fn/app.js": says("require('./made.json')"),
    }
    assert answer(tmp_path, NODE, files)[0] == "made"
    assert not (tmp_path / "project/fn/made.json").exists()


def test_a_lock_that_is_out_of_date_is_said_and_no_failure(tmp_path):
    lock = {"name": "fn", "lockfileVersion": 3, "requires": True, "packages": {"": {"name": "fn"}}}
    files = {
        "fn/package.json": {"name": "fn", "dependencies": {"ms": "2.1.3"}},
        "fn/package-lock.json": lock,
        "fn/app.js": says("require('ms')(1000)"),
    }
    answered, said = answer(tmp_path, NODE, files)
    assert answered == "1s"
    assert "does not match" in said


def test_a_bundle_without_esbuild_or_package_json_of_its_own(tmp_path):
    files = {
        "package.json": {"private": True, "dependencies": {"ms": "2.1.3"}},
        "shared/word.ts": "export const word: string = 'shared'",
        "fn/app.ts": "import ms from 'ms'\nimport { word } from '../shared/word'\n"
        "import { withDurableExecution } from '@aws/durable-execution-sdk-js'\n"
        "export const handler = async () => [ms(1000), word, typeof withDurableExecution]",
        ".git/HEAD": "",
    }
    assert answer(tmp_path, NODE, files, rest=ESBUILD)[0] == ["1s", "shared", "function"]


@pytest.mark.parametrize("entry", ["", "EntryPoints: [src/desk/app.ts]", "EntryPoints: [./src/desk/app.ts, src/other.ts]"])
def test_a_bundle_whose_handler_is_in_a_folder(tmp_path, entry):
    files = {
        "fn/src/desk/app.ts": "import { word } from '../other'\nexport const handler = async () => word",
        "fn/src/other.ts": "export const word: string = 'found'",
    }
    metadata = f"    Metadata: {{BuildMethod: esbuild, BuildProperties: {{Minify: false, {entry}}}}}"
    properties = "CodeUri: fn, Handler: src/desk/app.handler"
    assert answer(tmp_path, NODE, files, properties, rest=metadata)[0] == "found"


@pytest.mark.parametrize(
    ("name", "code", "rest"),
    [
        ("app.mjs", "import { S3Client } from '@aws-sdk/client-s3'\nexport const handler = async () => typeof S3Client", ""),
        ("app.js", says("typeof require('@aws-sdk/client-s3').S3Client"), ""),
        ("app.ts", "import { S3Client } from '@aws-sdk/client-s3'\nexport const handler = async () => typeof S3Client", ESBUILD),
    ],
)
def test_packages_that_lambda_brings_are_found(tmp_path, name, code, rest):
    answered, said = answer(tmp_path, NODE, {f"fn/{name}": code}, rest=rest)
    assert answered == "function"
    assert "@aws-sdk/client-s3 3." in said


@pytest.mark.parametrize(
    ("project", "rest"),
    [
        ("[project]\nname = 'fn'\nversion = '1'\ndependencies = ['humanize==4.9.0']\n", "    Metadata: {BuildMethod: python-uv}"),
        ("[project]\nname = 'fn'\nversion = '1'\ndependencies = ['humanize']\n", ""),
        ("[tool.poetry.dependencies]\npython = '^3.11'\nhumanize = '~4.9'\n", ""),
    ],
)
def test_a_python_project_without_requirements(tmp_path, project, rest):
    lock = "version = 1\n[[package]]\nname = 'humanize'\nversion = '4.9.0'\n"
    files = {
        "fn/pyproject.toml": project,
        "fn/poetry.lock": lock,
        "fn/app.py": "import humanize\ndef handler(event, context): return humanize.__version__",
    }
    assert answer(tmp_path, PYTHON, files, rest=rest)[0] == "4.9.0"


def test_layers_are_built(tmp_path):
    layers = """
  Words:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: words}
    Metadata: {BuildMethod: python3.13}
"""
    files = {
        "words/requirements.txt": "humanize==4.9.0\n",
        "words/words.py": "import humanize\nword = humanize.intcomma(1000)",
        "fn/app.py": "import words\ndef handler(event, context): return words.word",
    }
    assert answer(tmp_path, PYTHON, files, "CodeUri: fn, Layers: [!Ref Words]", layers)[0] == "1,000"


def test_a_layer_of_packages_for_node(tmp_path):
    layers = """
  Words:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: words}
    Metadata: {BuildMethod: nodejs20.x}
"""
    files = {
        "words/package.json": {"dependencies": {"ms": "2.1.3"}},
        "fn/app.js": says("require('ms')(1000)"),
    }
    assert answer(tmp_path, NODE, files, "CodeUri: fn, Layers: [!Ref Words]", layers)[0] == "1s"


def test_a_failed_installation_is_named_as_a_person_would_type_it(tmp_path):
    template = TEMPLATE.format(runtime=PYTHON, properties="CodeUri: fn", rest="")
    lay_down(tmp_path, {"template.yaml": template, "fn/requirements.txt": "no-such-package-of-lambdura==9\n", "fn/app.py": ""})
    command = [binary(), "up", "--listen", "127.0.0.1:0"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LAMBDURA_", "AWS_"))}
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=300)
    assert ended.returncode == 1
    assert "`pip install -r fn/requirements.txt` failed" in " ".join(ended.stderr.split()), ended.stderr
