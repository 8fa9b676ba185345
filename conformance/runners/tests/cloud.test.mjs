// AWS's CloudDurableTestRunner, with nothing but its endpoint changed: AWS_ENDPOINT_URL of the environment.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CloudDurableTestRunner,
  InvocationType,
  WaitingOperationStatus,
} from '@aws/durable-execution-sdk-js-testing'

const runner = (functionName, config = {}) =>
  new CloudDurableTestRunner({ functionName, config: { pollInterval: 100, ...config } })

for (const functionName of ['NodeParcel:live', 'NodeParcel:$LATEST', 'PythonParcel:live']) {
  test(`${functionName}: every kind of operation is seen`, async () => {
    const sent = runner(functionName)
    const result = await sent.run({ payload: { do: 'send', items: ['tea', 'kettle'] } })
    assert.equal(result.getStatus(), 'SUCCEEDED')
    assert.deepEqual(result.getResult(), {
      label: '2 items',
      price: 6,
      weights: [3, 6],
      checks: ['address', 'customs'],
      packed: 'box',
    })
    assert.equal(sent.getOperation('label').getStepDetails().result, '2 items')
    // Version 1.1.4 of the runner shows what a function answered by its event only.
    const answered = sent.getOperation('postage').getEvents().at(-1)
    assert.deepEqual(JSON.parse(answered.ChainedInvokeSucceededDetails.Result.Payload), { price: 6 })
    assert.equal(sent.getOperation('transport').getWaitDetails().waitSeconds, 1)
    assert.equal(sent.getOperation('pack').getContextDetails().result, 'box')
    const named = (operation) => operation.getChildOperations().map((child) => child.getName())
    assert.deepEqual(named(sent.getOperation('pack')), ['choose'])
    assert.equal(sent.getOperation('weigh').getChildOperations().length, 2)
    assert.equal(sent.getOperation('checks').getChildOperations().length, 2)
    assert.equal(sent.getOperation('weigh kettle').getStepDetails().result, 6)
    assert.ok(result.getOperations({ status: 'SUCCEEDED' }).length >= 10)
    // At least one that ended with the wait, and one after it.
    const invocations = result.getInvocations()
    assert.ok(invocations.length >= 2, `${invocations.length} invocations`)
    assert.ok(invocations.every((one) => one.requestId && one.startTimestamp && one.endTimestamp))
    assert.equal(result.getHistoryEvents()[0].EventType, 'ExecutionStarted')
    assert.equal(result.getHistoryEvents().at(-1).EventType, 'ExecutionSucceeded')
  })

  // The runner looks at operations of a running execution only if it did not wait for the invocation's answer.
  test(`${functionName}: a callback is answered by the test`, async () => {
    const signed = runner(functionName, { invocationType: InvocationType.Event })
    const signature = signed.getOperation('signature')
    const run = signed.run({ payload: { do: 'sign' } })
    await signature.waitForData(WaitingOperationStatus.SUBMITTED)
    await signature.sendCallbackHeartbeat()
    await signature.sendCallbackSuccess(JSON.stringify('Ada'))
    const result = await run
    assert.equal(result.getStatus(), 'SUCCEEDED')
    assert.equal(result.getResult().replaceAll('"', ''), 'signed by Ada')
  })

  test(`${functionName}: a callback is refused by the test`, async () => {
    const refused = runner(functionName, { invocationType: InvocationType.Event })
    const signature = refused.getOperation('signature')
    const run = refused.run({ payload: { do: 'sign' } })
    await signature.waitForData(WaitingOperationStatus.SUBMITTED)
    await signature.sendCallbackFailure({ ErrorType: 'Refused', ErrorMessage: 'wrong door' })
    const result = await run
    assert.equal(result.getStatus(), 'FAILED')
    assert.match(result.getError().errorMessage, /wrong door/)
    assert.throws(() => result.getResult())
  })

  test(`${functionName}: a failure tells its error`, async () => {
    const lost = runner(functionName)
    const result = await lost.run({ payload: { do: 'lose' } })
    assert.equal(result.getStatus(), 'FAILED')
    assert.match(result.getError().errorMessage, /nobody knows where it is/)
    const carry = lost.getOperation('carry')
    assert.equal(carry.getStatus(), 'FAILED')
    assert.match(carry.getStepDetails().error.errorMessage, /nobody knows where it is/)
  })

  test(`${functionName}: a step is tried again`, async () => {
    const dropped = runner(functionName)
    const result = await dropped.run({ payload: { do: 'drop' } })
    assert.equal(result.getResult(), 'carried')
    // The runner takes the number from the last attempt that failed.
    assert.equal(dropped.getOperation('carry').getStepDetails().attempt, 1)
    const events = dropped.getOperation('carry').getEvents().map((event) => event.EventType)
    assert.deepEqual(events, ['StepStarted', 'StepFailed', 'StepStarted', 'StepSucceeded'])
  })
}

test('an execution that runs out of time is told so', async () => {
  const result = await runner('Late:live', { invocationType: InvocationType.Event }).run({ payload: {} })
  assert.equal(result.getStatus(), 'TIMED_OUT')
})

test('a function that is not durable is told so', async () => {
  await assert.rejects(runner('Postage').run({ payload: { items: [] } }), /not a durable function|execution ARN/i)
})
