// The agent with its colleague, who answers by rule.

import { beforeEach, expect, test } from 'vitest'
import brokenLamp from '../events/broken-lamp.json' with { type: 'json' }
import unknownOrder from '../events/unknown-order.json' with { type: 'json' }
import { connectLambdura } from './lambdura-testing/index.mjs'

const lambdura = connectLambdura()
const HOUR = 60 * 60 * 1000

beforeEach(() => lambdura.answers.clear())

test('a confirmed refund is paid', async () => {
  await lambdura.answers.callback('confirm-refund', { after: '6h', succeed: { confirmed: true } })

  const execution = await lambdura.start('{{NAME}}', brokenLamp)

  const answer = 'Dear Ada, we have refunded 39 for order 1042.'
  expect(await execution.result()).toEqual({ status: 'ANSWERED', answer, turns: 3 })
  expect(await execution.took()).toBeGreaterThanOrEqual(6 * HOUR)
  // The handler was replayed after the callback, and the model was asked once a turn all the same.
  for (const turn of [1, 2, 3]) expect((await execution.operation(`model-${turn}`)).attempts).toBe(1)
})

test('without confirmation nothing is paid', async () => {
  await lambdura.answers.callback('confirm-refund', { succeed: { confirmed: false } })

  const execution = await lambdura.start('{{NAME}}', brokenLamp)

  expect(await execution.result()).toMatchObject({ answer: expect.stringContaining('a colleague will call you') })
  expect((await execution.history()).some((event) => event.Name === 'refund-2')).toBe(false)
})

test('silence is a no', async () => {
  await lambdura.answers.callback('confirm-refund', { never: true })

  const execution = await lambdura.start('{{NAME}}', brokenLamp)

  expect(await execution.result()).toMatchObject({ answer: expect.stringContaining('a colleague will call you') })
  expect(await execution.took()).toBeGreaterThanOrEqual(72 * HOUR)
})

test('the agent gives up after eight turns', async () => {
  const execution = await lambdura.start('{{NAME}}', unknownOrder)

  expect(await execution.result()).toEqual({ status: 'GAVE_UP', turns: 8 })
})
