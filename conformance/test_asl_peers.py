"""Definitions run and checked by `lambdura asl`: by what the specification and AWS's guide say of each of their examples, and
held against other readers of the Amazon States Language and of JSONata, from npm."""

import concurrent.futures
import json
import os
import shutil
import subprocess

import pytest
from system import HERE, PATIENCE_SECONDS, START_SECONDS, binary


TYPES = {"Task", "Pass", "Choice", "Wait", "Parallel", "Map", "Succeed", "Fail"}


def test_examples_of_the_specification_come_to_what_it_says(tmp_path):
    """`asl/examples.json`: every type of state in both languages, retriers, catchers, functions. They are our own, of the
    names and the structure of those that the specification and the developer guide have."""
    examples = json.loads((HERE / "asl/examples.json").read_text())

    def come_to(example):
        folder = tmp_path / str(examples.index(example))
        folder.mkdir()
        for name in ("definition", "mocks"):
            (folder / f"{name}.json").write_text(json.dumps(example[name]))
        command = [binary(), "asl", "run", folder / "definition.json", "--mocks", folder / "mocks.json"]
        command += ["--input", json.dumps(example["input"]), "--output", "json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        assert done.stdout, done.stderr
        told = json.loads(done.stdout)
        return {name: told[name] for name in ("output", "error", "cause") if name in example and name in told}

    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        found = list(pool.map(come_to, examples))
    for example, came in zip(examples, found, strict=True):
        wanted = {name: example[name] for name in ("output", "error", "cause") if name in example}
        assert came == wanted, example["name"]
    for language in ("JSONPath", "JSONata"):
        used = set()
        for example in examples:
            if example["definition"].get("QueryLanguage", "JSONPath") == language:
                collect_types(example["definition"], used)
        assert used == TYPES, language


def collect_types(states, used):
    for state in states["States"].values():
        used.add(state["Type"])
        for inner in [*state.get("Branches", []), *(state[it] for it in ("ItemProcessor", "Iterator") if it in state)]:
            collect_types(inner, used)


def test_definitions_come_to_the_same(peers):
    """`asl/peers.mjs`: it fails on a difference that no case explains, and on a case that has none."""
    assert "131 compared, 0 other than expected" in compare(peers, "peers.mjs")


def test_expressions_come_to_the_same(peers):
    """`asl/expressions.mjs`, in the same way: JSONata as its own implementation evaluates it."""
    assert "418 compared, 0 other than expected" in compare(peers, "expressions.mjs")


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    """The folder of both, with what their lock names."""
    folder = tmp_path_factory.mktemp("peers") / "asl"
    shutil.copytree(HERE / "asl", folder, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)
    return folder


def compare(folder, program):
    environment = {**os.environ, "LAMBDURA_BIN": binary()}
    command = ["node", program]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=START_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
