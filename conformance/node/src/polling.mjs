// Waiting for a condition.

import { JitterStrategy, createWaitStrategy, defaultSerdes } from '@aws/durable-execution-sdk-js'
import { Hiccup, cases, record, told } from './registry.mjs'

const strategy = (wanted, maxAttempts) =>
  createWaitStrategy({
    shouldContinuePolling: (state) => state.polls < wanted,
    maxAttempts,
    initialDelay: { seconds: 1 },
    maxDelay: { seconds: 2 },
    backoffRate: 1,
    jitter: JitterStrategy.NONE,
  })

const poll = (event) => async (state, { attempt }) => {
  record(event, `poll ${attempt} of ${state.polls}`)
  return { polls: state.polls + 1 }
}

cases.condition = async (event, context) => {
  const config = { waitStrategy: strategy(event.wanted, event.attempts), initialState: { polls: 0 } }
  return context.waitForCondition('condition', poll(event), config).catch(told)
}

cases['condition-own-strategy'] = (event, context) => {
  const waitStrategy = (state, attempt) =>
    attempt === 3 ? { shouldContinue: false } : { shouldContinue: true, delay: { seconds: attempt } }
  return context.waitForCondition(poll(event), { waitStrategy, initialState: { polls: 0 }, serdes: defaultSerdes })
}

cases['condition-check-fails'] = async (event, context) => {
  const check = async (state, { attempt }) => {
    record(event, `poll ${attempt}`)
    throw new Hiccup('cannot look')
  }
  const config = { waitStrategy: strategy(1, 9), initialState: { polls: 0 } }
  return context.waitForCondition('look', check, config).catch(told)
}

cases['condition-uncaught'] = (event, context) =>
  context.waitForCondition('never', poll(event), { waitStrategy: strategy(9, 1), initialState: { polls: 0 } })
