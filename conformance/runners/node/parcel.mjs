// A parcel on its way: an operation of each kind, for AWS's cloud test runner to look at.

import { createRetryStrategy, withDurableExecution } from '@aws/durable-execution-sdk-js'

const second = { seconds: 1 }
const attempts = (maxAttempts) => ({
  retryStrategy: createRetryStrategy({ maxAttempts, initialDelay: second }),
})

class Lost extends Error {
  name = 'Lost'
}

const ways = {
  async send({ items }, context) {
    const label = await context.step('label', async () => `${items.length} items`)
    const postage = await context.invoke('postage', 'Postage', { items })
    const weighed = await context.map('weigh', items, (item, text) =>
      item.step(`weigh ${text}`, async () => text.length),
    )
    const checks = await context.parallel('checks', [async () => 'address', async () => 'customs'])
    const packed = await context.runInChildContext('pack', (inside) =>
      inside.step('choose', async () => 'box'),
    )
    await context.wait('transport', second)
    return {
      label,
      price: postage.price,
      weights: weighed.getResults(),
      checks: checks.getResults(),
      packed,
    }
  },

  async sign(event, context) {
    const answer = await context.waitForCallback('signature', async () => {})
    return `signed by ${answer}`
  },

  async lose(event, context) {
    await context.step('carry', lose, attempts(1))
  },

  async drop(event, context) {
    return context.step('carry', async ({ attempt }) => (attempt === 1 ? lose() : 'carried'), attempts(2))
  },
}

async function lose() {
  throw new Lost('nobody knows where it is')
}

export const handler = withDurableExecution((event, context) => ways[event.do](event, context))
