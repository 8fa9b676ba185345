// The approval with its days of waiting, which are over at once: the server's clock jumps while nothing is at work.

import { beforeEach, expect, test } from 'vitest'
import expense from '../events/expense.json' with { type: 'json' }
import type { Outcome } from '../src/app.js'
import { connectLambdura } from './lambdura-testing/index.mjs'

const lambdura = connectLambdura()
const hours = (count: number) => count * 60 * 60 * 1000
const days = (count: number) => hours(24 * count)

beforeEach(() => lambdura.answers.clear())

test('the manager approves on the first day', async () => {
  await lambdura.answers.callback('ask-manager', { after: '4h', succeed: { approved: true } })

  const execution = await lambdura.start('{{NAME}}', expense)

  const result = (await execution.result()) as Outcome
  expect(result).toMatchObject({ status: 'PAID', payment: `payment-${result.reference}` })
  expect(await execution.took()).toBeGreaterThanOrEqual(hours(4))
  expect(await execution.took()).toBeLessThan(hours(5))
})

test('the manager is reminded after two days', async () => {
  await lambdura.answers.callback('ask-manager', { never: true })
  await lambdura.answers.callback('remind-manager', { after: '1d', succeed: { approved: true } })

  const execution = await lambdura.start('{{NAME}}', expense)

  expect(await execution.result()).toMatchObject({ status: 'PAID' })
  expect((await execution.operation('remind-manager')).beganAfter).toBeGreaterThanOrEqual(days(2))
  expect(await execution.took()).toBeGreaterThanOrEqual(days(3))
})

test('the manager declines', async () => {
  await lambdura.answers.callback('ask-manager', { succeed: { approved: false, reason: 'take the bus' } })

  const execution = await lambdura.start('{{NAME}}', expense)

  expect(await execution.result()).toMatchObject({ status: 'DECLINED', reason: 'take the bus' })
})

test('nobody answers', async () => {
  await lambdura.answers.callback('*-manager', { never: true })

  const execution = await lambdura.start('{{NAME}}', expense)

  expect(await execution.result()).toMatchObject({ reason: 'nobody answered within a week' })
  expect(await execution.took()).toBeGreaterThanOrEqual(days(7))
})
