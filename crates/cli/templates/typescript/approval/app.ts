// An expense that a manager approves, with a reminder after two days.
//
// The handler is replayed from the top each time it goes on. What is recorded (steps, callbacks) is not done again.

import { randomUUID } from 'node:crypto'
import { CallbackTimeoutError, type DurableContext, type Duration, withDurableExecution } from '@aws/durable-execution-sdk-js'

export interface Expense {
  employee: string
  purpose: string
  amount: number
}

export type Outcome =
  | { status: 'PAID'; reference: string; payment: string }
  | { status: 'DECLINED'; reference: string; reason: string }

interface Decision {
  approved: boolean
  reason?: string
}

// Under which name the manager is asked, and how long the answer may take.
const REQUESTS: { name: string; timeout: Duration }[] = [
  { name: 'ask-manager', timeout: { days: 2 } },
  { name: 'remind-manager', timeout: { days: 5 } },
]

export const handler = withDurableExecution(async (expense: Expense, context: DurableContext): Promise<Outcome> => {
  // Chance belongs into a step: a replay gets the recorded reference, not another one.
  const reference = await context.step('new-reference', async () => `EXP-${randomUUID().slice(0, 8).toUpperCase()}`)
  const decision = await ask(expense, reference, context)
  if (decision.approved) {
    // This may run twice if the process dies before its result is recorded, so the payment is known by its
    // reference: whoever pays has to take a second request for the same one as the first.
    const payment = await context.step('pay', async (step) => {
      step.logger.info(`paying ${expense.amount} for ${reference}`)
      return `payment-${reference}`
    })
    return { status: 'PAID', reference, payment }
  }
  const reason = decision.reason ?? 'the manager declined'
  await context.step('tell-employee', async (step) => {
    step.logger.info(`dear ${expense.employee}, your expense was declined: ${reason}`)
  })
  return { status: 'DECLINED', reference, reason }
})

/** The manager's answer. Each request has a callback of its own, and nothing runs until it is answered. */
async function ask(expense: Expense, reference: string, context: DurableContext): Promise<Decision> {
  for (const { name, timeout } of REQUESTS) {
    try {
      const answer = await context.waitForCallback(
        name,
        async (callbackId, { logger }) => {
          // Send an e-mail or a chat message here. Its buttons complete the callback, by
          // SendDurableExecutionCallbackSuccess with {"approved": true} or {"approved": false, "reason": "..."}.
          logger.info(`${reference}: ${expense.employee} asks for ${expense.amount}, callback ${callbackId}`)
        },
        { timeout },
      )
      return JSON.parse(answer) as Decision
    } catch (error) {
      if (!(error instanceof CallbackTimeoutError)) throw error
    }
  }
  return { approved: false, reason: 'nobody answered within a week' }
}
