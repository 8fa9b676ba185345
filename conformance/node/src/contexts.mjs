// Child contexts, and retries of whole blocks.

import { CallbackError, createRetryStrategy, JitterStrategy, withRetry } from '@aws/durable-execution-sdk-js'
import { Hiccup, cases, record, told } from './registry.mjs'
import { once, quick, shout } from './steps.mjs'

const second = { seconds: 1 }

cases.child = async (event, context) => [
  await context.runInChildContext('totals', async (child) => {
    const first = await child.step('first', async () => (record(event, 'first'), 1))
    await child.wait('pause', second)
    return first + (await child.step('second', async () => (record(event, 'second'), 1)))
  }),
  await context.runInChildContext((child) => child.step(async () => 'x')),
  await context.runInChildContext('labelled', (child) => child.step(async () => null), { subType: 'Ledger' }),
]

cases['child-nested'] = async (event, context) => {
  const leaf = await context.runInChildContext('outer', (one) =>
    one.runInChildContext('inner', (two) => two.step('leaf', async () => 'leaf')),
  )
  await context.wait(second)
  return leaf
}

const failing = async () => {
  throw new Hiccup('in the step')
}

cases['child-fails'] = async (event, context) => {
  const seen = []
  const body = async (child) => {
    record(event, 'body')
    await child.step('kept', async () => 'kept')
    throw new TypeError('broken inside')
  }
  await context.runInChildContext('broken', body).catch((error) => seen.push(told(error)))
  await context.wait(second)
  await context
    .runInChildContext('step', (child) => child.step('failing', failing, once))
    .catch((error) => seen.push(told(error)))
  return seen
}

cases['child-mapped'] = async (event, context) => {
  const errorMapper = (error) => new CallbackError(`mapped: ${error.message}`, error)
  const seen = []
  const body = (child) => child.step('failing', failing, once)
  await context.runInChildContext('mapped', body, { errorMapper }).catch((error) => seen.push(told(error)))
  await context.wait(second)
  return seen
}

cases['child-uncaught'] = async (event, context) => {
  await context.runInChildContext('outer', (child) =>
    child.runInChildContext('deep', (deep) => deep.step('failing', failing, once)),
  )
}

cases['child-large'] = async (event, context) => {
  const body = async (child) => {
    record(event, 'body')
    const parts = []
    for (let n = 0; n < 3; n++) {
      parts.push(await child.step(`part ${n}`, async () => (record(event, `part ${n}`), String(n).repeat(100_000))))
    }
    return parts.join('')
  }
  const summaryGenerator = (value) => `${value.length} characters`
  const large = await context.runInChildContext('large', body, { summaryGenerator })
  await context.wait(second)
  const plain = await context.runInChildContext('no summary', async (child) => {
    await child.step('inner', async () => 1)
    return 'y'.repeat(300 * 1024)
  })
  await context.wait(second)
  return [large.length, plain.length, large.startsWith('0') && large.endsWith('2')]
}

cases['child-virtual'] = async (event, context) => {
  const body = (child) => child.step('leaf', async () => (record(event, 'leaf'), 'leaf'))
  const found = await context.runInChildContext('virtual', body, { virtualContext: true })
  await context.wait(second)
  return found
}

cases['child-serdes'] = async (event, context) => {
  const body = (child) => child.step('soft', async () => 'soft')
  const found = await context.runInChildContext('shout', body, { serdes: shout })
  await context.wait(second)
  return found
}

cases.withRetry = async (event, context) => {
  const block = async (inner, attempt) => {
    record(event, `block ${attempt}`)
    await inner.step(`try ${attempt}`, async () => attempt)
    if (attempt <= event.failures) throw new Hiccup(`attempt ${attempt}`)
    return attempt
  }
  const config = {
    retryStrategy: createRetryStrategy({
      maxAttempts: event.attempts,
      initialDelay: second,
      backoffRate: 1,
      jitter: JitterStrategy.NONE,
    }),
    wrapWithRunInChildContext: event.wrapped,
    childContextConfig: event.wrapped ? { subType: 'Block' } : undefined,
  }
  try {
    return await (event.label ? withRetry(context, event.label, block, config) : withRetry(context, block, config))
  } catch (error) {
    return told(error)
  }
}
