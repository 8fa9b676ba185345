// Keeps what it was given in every kind of operation, and returns all of it.

import { withDurableExecution } from '@aws/durable-execution-sdk-js'

const branch = (token, n) => async (context) => {
  const held = await context.step(`hold ${n}`, async () => `${token} ${n}`)
  const [answer] = await context.createCallback(`branch ${n}`)
  return [held, await answer]
}

export const handler = withDurableExecution(async ({ token }, context) => {
  const held = await context.step('hold', async () => token)
  const first = await context.waitForCallback('first', async () => {})
  const branches = (await context.parallel('branches', [branch(token, 0), branch(token, 1)])).getResults()
  const echoed = await context.invoke('echo', process.env.ECHO_FUNCTION, { token })
  await context.wait('rest', { seconds: 1 })
  const child = await context.runInChildContext('child', (inner) => inner.step('inner', async () => token))
  return { held, first, branches, echoed, child }
})

export const echo = async (event) => event.token
