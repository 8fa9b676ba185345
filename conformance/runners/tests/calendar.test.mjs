// A year of monthly charges, as AWS's CloudDurableTestRunner sees it on a clock that is wound.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CloudDurableTestRunner, InvocationType } from '@aws/durable-execution-sdk-js-testing'

for (const functionName of ['PythonCalendar:live', 'NodeCalendar:live', 'RustCalendar:live']) {
  test(`${functionName}: a year is over at once`, async () => {
    const config = { pollInterval: 100, invocationType: InvocationType.Event }
    const runner = new CloudDurableTestRunner({ functionName, config })
    const result = await runner.run({ payload: { do: 'subscribe' } })
    assert.equal(result.getStatus(), 'SUCCEEDED')
    assert.equal(result.getResult().charged, 12)
    const third = runner.getOperation('charge 3')
    // The runner takes the number from the last attempt that failed.
    assert.equal(third.getStepDetails().attempt, 1)
    const [begun, ended] = [third.getStartTimestamp(), runner.getOperation('charge 12').getEndTimestamp()]
    const days = (ended - begun) / 86_400_000
    assert.ok(days > 260 && days < 290, `${days} days`)
  })
}
