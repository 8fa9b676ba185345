"""The unit for systemd: how much of the system a server that was taken over could reach."""

import re
import shutil
import subprocess

import pytest
from system import HERE, PATIENCE_SECONDS

UNIT = HERE.parent / "packaging/files/lambdura.service"
# 0 is nothing, 10 is everything; docs/installing.md names what is measured.
EXPOSURE_MAX = 3.0


def test_the_unit_is_locked_down():
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze")
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    exposure = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)[1])
    assert exposure < EXPOSURE_MAX, done.stdout
    page = (HERE.parent / "docs/installing.md").read_text()
    assert f"(`systemd-analyze security` rates it {exposure})" in page


def test_systemd_understands_the_unit(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze")
    # The command is not installed here.
    text = UNIT.read_text()
    assert text.count("/usr/bin/lambdura ") == 1
    unit = tmp_path / UNIT.name
    unit.write_text(text.replace("/usr/bin/lambdura ", "/bin/true "))
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
