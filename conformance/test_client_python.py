"""`clients/python`: its fixtures in a pytest of their own, and the test of its README, on the functions in `calendar/`."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from system import HERE, binary

CLIENT = HERE.parent / "clients/python"

TESTS = '''
from datetime import timedelta

import pytest
from lambdura_testing import Server, ServerError, StartFailed


def test_a_year_is_over_at_once(lambdura):
    lambdura.answers.callback("cancel 2", after=timedelta(days=10), succeed="enough")
    lambdura.answers.callback("cancel *", never=True)
    execution = lambdura.start("PythonCalendar", {"do": "subscribe"}, name="enough")
    execution.succeeds_with({"charged": 2, "why": "enough"})
    assert lambdura.start("PythonCalendar", {"do": "subscribe"}, name="enough").arn == execution.arn
    first, second = execution.operation("cancel 1"), execution.operation("cancel 2")
    assert (first.status, second.status) == ("TIMED_OUT", "SUCCEEDED")
    assert second.ended_after - first.ended_after >= timedelta(days=10)


def test_a_retry_counts_as_an_attempt(lambdura):
    lambdura.answers.callback("cancel 3", succeed="enough")
    lambdura.answers.callback("cancel *", never=True)
    execution = lambdura.start("PythonCalendar", {"do": "subscribe"})
    execution.wait()
    assert execution.operation("charge 3").attempts == 2
    assert execution.operation("charge 1").attempts == 1


def test_answers_of_the_last_test_are_forgotten_and_the_clock_holds(lambdura):
    execution = lambdura.start("PythonCalendar", {"do": "subscribe"})
    with pytest.raises(AssertionError) as failed:
        execution.wait(within=2)
    assert "nobody answers cancel 1" in str(failed.value)
    assert "Callback" in str(failed.value), "the timeline is printed"
    assert lambdura.clock.look().state == "waits_for_answers"
    lambdura.answers.callback("*", succeed="now")
    execution.succeeds_with({"charged": 1, "why": "now"})
    with pytest.raises(AssertionError, match="not 'later'"):
        execution.succeeds_with("later")
    with pytest.raises(AssertionError, match="it has no operation `nothing`; it has"):
        execution.operation("nothing")


def test_what_the_server_refuses_is_said_in_its_words(lambdura):
    with pytest.raises(ServerError, match="no function here"):
        lambdura.answers.callback(function="Nobody", succeed=1)
    with pytest.raises(ServerError, match="Function not found"):
        lambdura.start("Nobody")
    with pytest.raises(ServerError, match="time does not go back"):
        lambdura.clock.advance("-1d")
    before = lambdura.clock.now()
    assert lambdura.clock.advance(timedelta(days=1)).now - before >= timedelta(days=1)


def test_a_stack_that_cannot_start_says_why(tmp_path):
    with pytest.raises(StartFailed, match="template"):
        Server(tmp_path)
'''


def test_the_fixtures_and_the_readme(tmp_path):
    shutil.copytree(HERE / "calendar", tmp_path / "calendar")
    rust = tmp_path / "rust"
    rust.mkdir()
    shutil.copy2(Path(binary()).with_name("conformance-handlers"), rust / "bootstrap")
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\nlambdura_template = calendar\nlambdura_arguments = --parameter RustCode={rust}\n"
    )
    (tmp_path / "test_fixtures.py").write_text(TESTS)
    readme = re.search(r"```python\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "test_readme.py").write_text(readme[1])
    environment = {
        **os.environ,
        "LAMBDURA_BIN": str(Path(binary()).resolve()),
        "PYTHONPATH": str(CLIENT / "src"),
        "PYTEST_PLUGINS": "lambdura_testing.plugin",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout, done.stdout
