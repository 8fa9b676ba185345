"""Definitions run and checked by `lambdura asl` and by two other readers of the Amazon States Language, from npm."""

import os
import shutil
import subprocess

from system import HERE, START_SECONDS, binary


def test_definitions_come_to_the_same(tmp_path):
    """`asl/peers.mjs`, with what its lock names: it fails on a difference that no case explains, and on a case that has none."""
    folder = tmp_path / "asl"
    shutil.copytree(HERE / "asl", folder, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)
    environment = {**os.environ, "LAMBDURA_BIN": binary()}
    done = subprocess.run(
        ["node", "peers.mjs"], cwd=folder, env=environment, capture_output=True, text=True, timeout=START_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("76 compared, 0 other than expected\n"), done.stdout
