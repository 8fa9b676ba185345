// AWS's own client of Step Functions for JavaScript; AWS_ENDPOINT_URL says where the service is.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  InvalidDefinition,
  SFNClient,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  StateMachineDoesNotExist,
  TestStateCommand,
  paginateGetExecutionHistory,
  paginateListExecutions,
} from '@aws-sdk/client-sfn'

const role = 'arn:aws:iam::000000000000:role/any'
// `StartSyncExecution` would be sent to `sync-127.0.0.1` otherwise.
const client = new SFNClient({ disableHostPrefix: true })

async function made(name, definition, type = 'STANDARD') {
  const command = { name, definition: JSON.stringify(definition), roleArn: role, type }
  return (await client.send(new CreateStateMachineCommand(command))).stateMachineArn
}

async function ended(executionArn) {
  const deadline = Date.now() + 90_000
  for (;;) {
    const shown = await client.send(new DescribeExecutionCommand({ executionArn }))
    if (shown.status !== 'RUNNING') return shown
    assert.ok(Date.now() < deadline, JSON.stringify(shown))
    await setTimeout(50)
  }
}

async function history(executionArn) {
  const events = []
  for await (const page of paginateGetExecutionHistory({ client }, { executionArn, maxResults: 2 })) events.push(...page.events)
  return events
}

test('a machine is made, runs, and is deleted', async () => {
  const stateMachineArn = await made('js-adds', {
    QueryLanguage: 'JSONata',
    StartAt: 'Add',
    States: { Add: { Type: 'Pass', Output: '{% $states.input.a + $states.input.b %}', End: true } },
  })
  const started = { stateMachineArn, name: 'one', input: JSON.stringify({ a: 1, b: 2 }) }
  const { executionArn, startDate } = await client.send(new StartExecutionCommand(started))
  assert.ok(startDate instanceof Date)
  const shown = await ended(executionArn)
  assert.equal(shown.status, 'SUCCEEDED')
  assert.equal(JSON.parse(shown.output), 3)
  // Its name is taken, whatever the input, since it has ended.
  const again = client.send(new StartExecutionCommand(started))
  await assert.rejects(again, (error) => error instanceof ExecutionAlreadyExists)

  const events = await history(executionArn)
  assert.deepEqual(
    events.map((event) => event.type),
    ['ExecutionStarted', 'PassStateEntered', 'PassStateExited', 'ExecutionSucceeded'],
  )
  assert.deepEqual(
    events.map((event) => event.id),
    [1, 2, 3, 4],
  )
  assert.equal(events[1].stateEnteredEventDetails.name, 'Add')

  const listed = []
  for await (const page of paginateListExecutions({ client }, { stateMachineArn })) listed.push(...page.executions)
  assert.deepEqual(
    listed.map((execution) => execution.name),
    ['one'],
  )
  await client.send(new DeleteStateMachineCommand({ stateMachineArn }))
  await assert.rejects(
    client.send(new StartExecutionCommand({ stateMachineArn })),
    (error) => error instanceof StateMachineDoesNotExist,
  )
})

test('an Express machine answers at once', async () => {
  const definition = { StartAt: 'Same', States: { Same: { Type: 'Pass', End: true } } }
  const stateMachineArn = await made('js-quick', definition, 'EXPRESS')
  const answer = await client.send(new StartSyncExecutionCommand({ stateMachineArn, input: '{"n":1}' }))
  assert.equal(answer.status, 'SUCCEEDED')
  assert.deepEqual(JSON.parse(answer.output), { n: 1 })
})

test('a task token is completed', async () => {
  const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:orders'
  const input = JSON.stringify({ order: { amount: 5000, items: [] } })
  const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn, input }))
  const deadline = Date.now() + 90_000
  let token
  while (!token) {
    assert.ok(Date.now() < deadline, 'nobody asks')
    const asked = (await history(executionArn)).find(
      (event) => event.type === 'TaskScheduled' && event.taskScheduledEventDetails.resource.endsWith('waitForTaskToken'),
    )
    token = asked && JSON.parse(asked.taskScheduledEventDetails.parameters).Payload.token
    await setTimeout(50)
  }
  await client.send(new SendTaskSuccessCommand({ taskToken: token, output: '{"approved":true}' }))
  assert.equal((await ended(executionArn)).status, 'SUCCEEDED')
})

test('what is wrong is said, and a state is tried alone', async () => {
  const wrong = made('js-wrong', { StartAt: 'Nowhere', States: { A: { Type: 'Succeed' } } })
  await assert.rejects(wrong, (error) => error instanceof InvalidDefinition && /Nowhere/.test(error.message))
  const choice = {
    Type: 'Choice',
    Choices: [{ Variable: '$.n', NumericGreaterThan: 10, Next: 'Large' }],
    Default: 'Small',
  }
  const tried = { definition: JSON.stringify(choice), roleArn: role, input: '{"n":11}' }
  assert.equal((await client.send(new TestStateCommand(tried))).nextState, 'Large')
})
