"""Tests of AWS Lambda durable functions on a clock that is wound.

`Server` runs `lambdura up` on a template. What runs there is an `Execution`, time is its `Clock`, and `Answers` stand for
the people and systems that executions wait for. With pytest, the fixture `lambdura` is a server that is there for the
whole session and empty of answers for each test.
"""

from lambdura_testing.answers import Answers
from lambdura_testing.clock import Clock, ClockStand
from lambdura_testing.execution import Event, Execution, Operation
from lambdura_testing.http import ServerError
from lambdura_testing.server import NoBinary, Server, StartFailed

__all__ = [
    "Answers",
    "Clock",
    "ClockStand",
    "Event",
    "Execution",
    "NoBinary",
    "Operation",
    "Server",
    "ServerError",
    "StartFailed",
]
