// The invoices: some may fail, too many may not.

import { expect, test } from 'vitest'
import january from '../events/january.json' with { type: 'json' }
import noAddresses from '../events/no-addresses.json' with { type: 'json' }
import { connectLambdura } from './lambdura-testing/index.mjs'

const lambdura = connectLambdura()

test('one that fails is named in the summary', async () => {
  const execution = await lambdura.start('{{NAME}}', january)

  expect(await execution.result()).toEqual({ month: '2027-01', sent: 5, total: 6320, failed: ['Alan'] })
})

test('no more than three are at work at a time', async () => {
  const execution = await (await lambdura.start('{{NAME}}', january)).wait()

  const names = new Set(january.customers.map(({ name }) => name))
  let atWork = 0
  let most = 0
  for (const { Name, EventType } of await execution.history()) {
    if (Name === undefined || !names.has(Name)) continue
    atWork += EventType === 'ContextStarted' ? 1 : -1
    most = Math.max(most, atWork)
  }
  expect(most).toBe(3)
})

test('too many failures fail the execution', async () => {
  const execution = await lambdura.start('{{NAME}}', noAddresses)

  expect(await execution.error()).toMatchObject({ ErrorMessage: 'no invoices for Ada, Grace, Alan' })
})
