// The monthly invoices: three at a time, and two may fail.
//
// The handler is replayed from the top each time it goes on. Every item has steps of its own, so that an invoice that
// was sent is not sent again while others are still on their way.

import { type DurableContext, retryPresets, withDurableExecution } from '@aws/durable-execution-sdk-js'

export interface Month {
  month: string
  customers: Customer[]
}

export interface Customer {
  name: string
  email: string
  hours: number
}

const FAILURES_TOLERATED = 2
// What the mail service bears at a time.
const AT_A_TIME = 3
const EURO_PER_HOUR = 80

/** The customer has no e-mail address. To try again would not help. */
class NoAddress extends Error {}

/** Something is wrong that is not one customer's matter: the execution fails, and somebody has a look. */
class TooManyFailures extends Error {
  override name = 'TooManyFailures'
}

const send = {
  retryStrategy: (error: Error, attempts: number) =>
    error instanceof NoAddress ? { shouldRetry: false } : retryPresets.default(error, attempts),
}

export const handler = withDurableExecution(async ({ month, customers }: Month, context: DurableContext) => {
  const batch = await context.map(
    'invoices',
    customers,
    async (item, customer) => {
      const text = await item.step('write-invoice', async () => writeInvoice(month, customer))
      return item.step('send-invoice', async () => sendInvoice(customer, text), send)
    },
    {
      maxConcurrency: AT_A_TIME,
      completionConfig: { toleratedFailureCount: FAILURES_TOLERATED },
      itemNamer: (customer) => customer.name,
    },
  )
  const failed = batch.failed().map(({ index }) => customers[index]!.name)
  if (failed.length > FAILURES_TOLERATED) throw new TooManyFailures(`no invoices for ${failed.join(', ')}`)
  return context.step('summarise', async (step) => {
    const amounts = batch.getResults()
    const total = amounts.reduce((sum, amount) => sum + amount, 0)
    step.logger.info(`${amounts.length} invoices sent, ${failed.length} failed`)
    return { month, sent: amounts.length, total, failed }
  })
})

async function writeInvoice(month: string, { name, hours }: Customer): Promise<string> {
  return `${month}: ${name} owes ${hours * EURO_PER_HOUR} euros`
}

async function sendInvoice({ name, email, hours }: Customer, text: string): Promise<number> {
  if (email === '') throw new NoAddress(`${name} has no e-mail address`)
  // A step may run twice if the process dies before its result is recorded: give the mail service a key, such as the
  // month and the customer, by which it knows a mail again.
  console.log(`to ${email}: ${text}`)
  return hours * EURO_PER_HOUR
}
