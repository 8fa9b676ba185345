"""Starts `lambdura up` once for all tests: the fixture `lambdura` of tests/lambdura_testing."""

import json
from pathlib import Path

import pytest

pytest_plugins = ["lambdura_testing.plugin"]

EVENTS = Path(__file__).parent.parent / "events"


@pytest.fixture
def event():
    """Reads a file of events/ by its name: `event("{{EVENT_NAME}}")`."""
    return lambda name: json.loads((EVENTS / f"{name}.json").read_text())
