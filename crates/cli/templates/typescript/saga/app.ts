// A trip of three bookings, all or none.
//
// The handler is replayed from the top each time it goes on. What is recorded is not done again, so that a process
// that dies in the middle goes on with the next booking, or with the next cancellation.

import { type DurableContext, StepError, createRetryStrategy, retryPresets, withDurableExecution } from '@aws/durable-execution-sdk-js'

export interface Trip {
  trip: string
  traveller: string
  destination: string
}

const PARTS = ['flight', 'hotel', 'car'] as const
type Part = (typeof PARTS)[number]

/** There is none left. To ask again would not help. */
class SoldOut extends Error {}

const book = {
  retryStrategy: (error: Error, attempts: number) =>
    error instanceof SoldOut ? { shouldRetry: false } : retryPresets.default(error, attempts),
}
// A cancellation has to succeed some day: it has an hour between attempts, and many of them.
const cancel = { retryStrategy: createRetryStrategy({ maxAttempts: 50, maxDelay: { hours: 1 } }) }

export const handler = withDurableExecution(async (trip: Trip, context: DurableContext) => {
  const bookings: { part: Part; booking: string }[] = []
  try {
    for (const part of PARTS) {
      const booking = await context.step(`book-${part}`, async () => bookPart(part, trip), book)
      bookings.push({ part, booking })
    }
  } catch (error) {
    if (!(error instanceof StepError)) throw error
    // The last that was booked is cancelled first.
    const cancelled: Part[] = []
    for (const { part, booking } of bookings.reverse()) {
      await context.step(`cancel-${part}`, async () => cancelBooking(booking), cancel)
      cancelled.push(part)
    }
    return { status: 'CANCELLED', reason: error.message, cancelled }
  }
  return { status: 'BOOKED', bookings: Object.fromEntries(bookings.map(({ part, booking }) => [part, booking])) }
})

async function bookPart(part: Part, trip: Trip): Promise<string> {
  if (part === 'car' && trip.destination === 'Venice') throw new SoldOut('there are no cars in Venice')
  // A step may run twice if the process dies before its result is recorded. The key is the same both times, so that
  // the company finds the booking that it has already.
  return `${part}-${trip.trip}`
}

async function cancelBooking(booking: string): Promise<void> {
  // Cancelling what is cancelled already is not an error, for the same reason.
  console.log(`cancelled ${booking}`)
}
