"""Fixtures for pytest. The template is that of `lambdura_template` in pytest's settings, or of this folder."""

from collections.abc import Iterator

import pytest

from lambdura_testing.server import Server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("lambdura_template", "the template of the functions, from pytest's root folder on", default=".")
    parser.addini("lambdura_clock", "`auto`, `manual` or `real`", default="auto")
    parser.addini("lambdura_arguments", "further arguments of `lambdura up`", type="args", default=[])


@pytest.fixture(scope="session")
def lambdura_server(pytestconfig: pytest.Config) -> Iterator[Server]:
    """`lambdura up` on the template, for the whole session."""
    template = pytestconfig.rootpath / pytestconfig.getini("lambdura_template")
    clock = pytestconfig.getini("lambdura_clock")
    arguments = pytestconfig.getini("lambdura_arguments")
    with Server(template, clock=clock, arguments=arguments) as server:
        yield server


@pytest.fixture
def lambdura(lambdura_server: Server) -> Iterator[Server]:
    """The server, without the answers of earlier tests."""
    lambdura_server.answers.clear()
    yield lambdura_server
    lambdura_server.answers.clear()
