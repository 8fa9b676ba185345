// Combinators over durable promises.

import { Hiccup, cases, record, told } from './registry.mjs'
import { once } from './steps.mjs'

const second = { seconds: 1 }

/** Steps that do as their letter says: S succeeds, F fails. */
function steps(event, context) {
  return [...event.branches].map((letter, n) =>
    context.step(
      `${letter}${n}`,
      async () => {
        record(event, `${letter}${n}`)
        if (letter === 'F') throw new Hiccup(`F${n}`)
        return `${letter}${n}`
      },
      once,
    ),
  )
}

cases.promise = async (event, context) => {
  let got
  try {
    const made = await context.promise[event.combinator]('together', steps(event, context))
    got = event.combinator === 'allSettled' ? made.map((one) => [one.status, one.value ?? one.reason.message]) : made
  } catch (error) {
    got = told(error)
  }
  await context.wait(second)
  return got
}

cases['promise-waits'] = async (event, context) => {
  const calls = [context.wait('one', second), context.wait('two', { seconds: 2 }), context.step('s', async () => 1)]
  const all = await context.promise.all(calls)
  return all.map((one) => one ?? null)
}

cases['promise-race-callback'] = async (event, context) => {
  const [answer] = await context.createCallback('answer')
  const timeout = context.wait('limit', { minutes: 5 })
  return context.promise.race('first', [answer, timeout])
}

cases['promise-any-all-fail'] = async (event, context) => {
  await context.promise.any('together', steps(event, context))
}
