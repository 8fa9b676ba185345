// Work that takes months.

import { createRetryStrategy, withDurableExecution } from '@aws/durable-execution-sdk-js'
import type { DurableContext, Duration } from '@aws/durable-execution-sdk-js'

type Event = { do: 'branches' | 'subscribe' | 'approve' }
type Way = (context: DurableContext) => Promise<unknown>

const nextDay = {
  retryStrategy: createRetryStrategy({ maxAttempts: 2, initialDelay: { days: 1 }, maxDelay: { days: 1 } }),
}
const sleep = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

const ways: Record<Event['do'], Way> = {
  // Three branches, which wake in the order of their times.
  async branches(context) {
    const later = (name: string, duration: Duration) => async (branch: DurableContext) => {
      await branch.wait(`wait ${name}`, duration)
      await branch.step(name, async () => {})
    }
    const short = (branch: DurableContext) => branch.step('short', () => sleep(300))
    await context.parallel('three', [later('hours', { hours: 2 }), short, later('minute', { minutes: 1 })])
  },

  // A charge each month, until somebody cancels or the year is over.
  async subscribe(context) {
    for (let month = 1; month <= 12; month += 1) {
      const charge = async ({ attempt }: { attempt: number }) => {
        if (month === 3 && attempt === 1) throw new Error('the bank is closed')
      }
      await context.step(`charge ${month}`, charge, nextDay)
      const [cancelled] = await context.createCallback<string>(`cancel ${month}`, { timeout: { days: 30 } })
      try {
        return { charged: month, why: JSON.parse(await cancelled) }
      } catch {
        // Nobody did within the month.
      }
    }
    return { charged: 12, why: null }
  },

  // A score from a function that is elsewhere, a check that fails, a manager who takes his time.
  async approve(context) {
    const { score } = await context.invoke<{ name: string }, { score: number }>('bureau', 'CreditBureau', { name: 'Ada' })
    let suspicion: string | null = null
    try {
      await context.waitForCallback('fraud check', async () => {})
    } catch (error) {
      suspicion = (error as Error).message
    }
    const answer = await context.waitForCallback<string>('manager', async () => {})
    return { score, suspicion, answer: JSON.parse(answer) }
  },
}

export const handler = withDurableExecution((event: Event, context: DurableContext) => ways[event.do](context))
