"""`clients/node`: on its own by Node's test runner, and the test of its README by vitest, on the functions in `calendar/`."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from system import HERE, binary

CLIENT = HERE.parent / "clients/node"
VITEST = HERE.parent / "console/node_modules/vitest/vitest.mjs"

TESTS = """
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { ServerError, connectLambdura, startLambdura } from '@lambdura/testing'

let lambdura
before(async () => {
  const more = JSON.parse(process.env.LAMBDURA_TEST_ARGUMENTS)
  lambdura = await startLambdura({ template: 'calendar', arguments: more })
})
after(() => lambdura.stop())
beforeEach(() => lambdura.answers.clear())

test('a year is over at once', async () => {
  await lambdura.answers.callback('cancel 3', { after: 864_000, succeed: 'enough' })
  await lambdura.answers.callback('cancel *', { never: true })
  const execution = await lambdura.start('NodeCalendar', { do: 'subscribe' }, { name: 'enough' })
  assert.deepEqual(await execution.result(), { charged: 3, why: 'enough' })
  const again = await lambdura.start('NodeCalendar', { do: 'subscribe' }, { name: 'enough' })
  assert.equal(again.arn, execution.arn)
  assert.equal((await execution.operation('charge 3')).attempts, 2)
  assert.equal((await execution.operation('cancel 1')).status, 'TIMED_OUT')
  const answered = await execution.operation('cancel 3')
  assert.equal(answered.status, 'SUCCEEDED')
  assert.ok(answered.endedAfter - answered.beganAfter >= 864_000_000)
})

test('what fails says so with the timeline', async () => {
  const execution = await lambdura.start('NodeCalendar', { do: 'subscribe' })
  await assert.rejects(execution.wait({ within: 2 }), /nobody answers cancel 1[^]*Callback/)
  await lambdura.answers.callback('*', { fail: { errorType: 'No', errorMessage: 'never' } })
  assert.deepEqual(await execution.result(), { charged: 12, why: null })
  await assert.rejects(execution.error(), /it succeeded/)
  await assert.rejects(execution.operation('nothing'), /it has no operation `nothing`; it has/)
  const failed = await lambdura.start('NodeCalendar', { do: 'nothing' })
  assert.equal((await failed.error()).ErrorType, 'TypeError')
})

test('what the server refuses is said in its words', async () => {
  await assert.rejects(lambdura.clock.advance('-1d'), /time does not go back/)
  await assert.rejects(lambdura.start('Nobody'), (error) => error instanceof ServerError && error.status === 404)
  const before = await lambdura.clock.now()
  assert.ok((await lambdura.clock.advance('1d')).now - before >= 86_400_000)
})

test('a stack that cannot start says why', async () => {
  await assert.rejects(startLambdura({ template: 'nowhere' }), /ended with[^]*nowhere/)
  await assert.rejects(startLambdura({ binary: '/nowhere/lambdura' }), /is not there; install lambdura/)
  assert.throws(() => connectLambdura(), /no server/)
})
"""


@pytest.fixture
def project(tmp_path):
    """A project that has the client installed, and what its tests are told."""
    shutil.copytree(HERE / "calendar", tmp_path / "calendar")
    shutil.copytree(CLIENT, tmp_path / "node_modules/@lambdura/testing")
    rust = tmp_path / "rust"
    rust.mkdir()
    shutil.copy2(Path(binary()).with_name("conformance-handlers"), rust / "bootstrap")
    environment = {
        **os.environ,
        "LAMBDURA_BIN": str(Path(binary()).resolve()),
        "LAMBDURA_TEMPLATE": "calendar",
        "LAMBDURA_TEST_ARGUMENTS": json.dumps(["--parameter", f"RustCode={rust}"]),
    }
    return tmp_path, environment


def run(command, folder, environment):
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_client_by_nodes_own_test_runner(project):
    folder, environment = project
    (folder / "client.test.mjs").write_text(TESTS)
    assert "# pass 4" in run(["node", "--test", "--test-reporter=tap", "client.test.mjs"], folder, environment)


def test_the_readme_by_vitest(project):
    folder, environment = project
    config, test = re.findall(r"```js\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)
    (folder / "vitest.config.mjs").write_text(config.replace("test: {", "test: { globals: true,"))
    (folder / "readme.test.mjs").write_text(test)
    assert "1 passed" in run(["node", str(VITEST), "run", "--root", str(folder)], folder, environment)
