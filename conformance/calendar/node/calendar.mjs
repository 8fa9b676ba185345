// Work that takes months.

import { createRetryStrategy, withDurableExecution } from '@aws/durable-execution-sdk-js'

const nextDay = {
  retryStrategy: createRetryStrategy({ maxAttempts: 2, initialDelay: { days: 1 }, maxDelay: { days: 1 } }),
}
const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis))

const ways = {
  // Three branches, which wake in the order of their times.
  async branches(event, context) {
    const later = (name, duration) => async (branch) => {
      await branch.wait(`wait ${name}`, duration)
      await branch.step(name, async () => {})
    }
    const short = (branch) => branch.step('short', () => sleep(300))
    await context.parallel('three', [later('hours', { hours: 2 }), short, later('minute', { minutes: 1 })])
  },

  // A charge each month, until somebody cancels or the year is over.
  async subscribe(event, context) {
    for (let month = 1; month <= 12; month += 1) {
      const charge = async ({ attempt }) => {
        if (month === 3 && attempt === 1) throw new Error('the bank is closed')
      }
      await context.step(`charge ${month}`, charge, nextDay)
      const [cancelled] = await context.createCallback(`cancel ${month}`, { timeout: { days: 30 } })
      try {
        return { charged: month, why: JSON.parse(await cancelled) }
      } catch {
        // Nobody did within the month.
      }
    }
    return { charged: 12, why: null }
  },

  // A score from a function that is elsewhere, a check that fails, a manager who takes his time.
  async approve(event, context) {
    const { score } = await context.invoke('bureau', 'CreditBureau', { name: 'Ada' })
    let suspicion = null
    try {
      await context.waitForCallback('fraud check', async () => {})
    } catch (error) {
      suspicion = error.message
    }
    const answer = await context.waitForCallback('manager', async () => {})
    return { score, suspicion, answer: JSON.parse(answer) }
  },
}

export const handler = withDurableExecution((event, context) => ways[event.do](event, context))
