// The trip: all of it, or nothing.

import { expect, test } from 'vitest'
import noCars from '../events/no-cars.json' with { type: 'json' }
import trip from '../events/trip.json' with { type: 'json' }
import { type Execution, connectLambdura } from './lambdura-testing/index.mjs'

const lambdura = connectLambdura()

/** Names of the steps that succeeded, in their order. */
async function steps(execution: Execution) {
  const history = await execution.history()
  return history.filter((event) => event.EventType === 'StepSucceeded').map((event) => event.Name)
}

test('all three are booked', async () => {
  const execution = await lambdura.start('{{NAME}}', trip)

  const bookings = { flight: 'flight-trip-1', hotel: 'hotel-trip-1', car: 'car-trip-1' }
  expect(await execution.result()).toEqual({ status: 'BOOKED', bookings })
  expect(await steps(execution)).toEqual(['book-flight', 'book-hotel', 'book-car'])
})

test('without a car the others are cancelled in reverse order', async () => {
  const execution = await lambdura.start('{{NAME}}', noCars)

  const reason = 'there are no cars in Venice'
  expect(await execution.result()).toEqual({ status: 'CANCELLED', reason, cancelled: ['hotel', 'flight'] })
  expect(await steps(execution)).toEqual(['book-flight', 'book-hotel', 'cancel-hotel', 'cancel-flight'])
  // What is sold out is not asked for again.
  expect((await execution.operation('book-car')).attempts).toBe(1)
})
