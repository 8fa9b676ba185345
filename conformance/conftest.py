"""In which order suites run, and what they found.

What every suite found is written to target/conformance/NAME.json, from which docs/parity.md is made.
A suite says what it is in a `SUITE` of its module: the file's name, the package it tests and that one's version.
A run of a part of its cases writes nothing.
"""

import json
import shutil
from pathlib import Path

import pytest

RESULTS = Path(__file__).parent.parent / "target/conformance"
# By module: cases by node id, and whether some were left out.
found = {}
partial = set()

# Minutes each: begun first, so that nothing is left to wait for at the end. (`cargo xtask test` says which suites run
# beside each other.)
LONG = ["test_new_projects", "test_deploy", "test_access", "test_first_function", "test_sam_cli"]


def pytest_collection_modifyitems(items):
    """Long suites first, the cases of each in their order."""
    rank = {suite: place for place, suite in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(LONG)))


@pytest.fixture(scope="module", autouse=True)
def scratch_ends_with_its_module(request, tmp_path_factory):
    """Removes what a module wrote, packages and databases and copies of programs, unless something of it failed: the
    folders of all suites together are larger than what a machine of CI has to spare.
    """
    base, failed = tmp_path_factory.getbasetemp(), request.session.testsfailed
    before = set(base.iterdir())
    yield
    if request.session.testsfailed > failed:
        return
    for entry in set(base.iterdir()) - before:
        if entry.is_symlink():
            entry.unlink()
        else:
            # A process that is just ending may still write there.
            shutil.rmtree(entry, ignore_errors=True)


def pytest_deselected(items):
    partial.update(item.module for item in items if hasattr(item, "module"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if hasattr(item.module, "SUITE") and (report.when == "call" or report.outcome != "passed"):
        suite, case = suite_and_case(item)
        found.setdefault(item.module, {})[item.nodeid] = {
            "suite": suite,
            "case": case,
            "status": report.outcome,
            "detail": detail(report),
        }
    return report


def suite_and_case(item):
    """The operation and the case, such as `step` and `step-crash`; of other tests the first word, and all of it."""
    if item.originalname == "test_case":
        case = item.callspec.id
        return case.partition("-")[0], case
    words = item.name.removeprefix("test_")
    return words.partition("_")[0].partition("[")[0], words


def detail(report):
    if report.outcome == "passed":
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    return crash.message if crash else str(report.longrepr)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    outcome = yield
    is_last = nextitem is None or nextitem.module is not item.module
    if is_last and item.module in found and item.module not in partial:
        suite = item.module.SUITE
        cases = list(found[item.module].values())
        document = {"sdk": suite["sdk"], "version": suite["version"], "cases": cases}
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"{suite['name']}.json").write_text(json.dumps(document, indent=2) + "\n")
    return outcome
