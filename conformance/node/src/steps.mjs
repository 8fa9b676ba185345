// Steps and waits.

import {
  JitterStrategy,
  StepError,
  StepSemantics,
  createClassSerdes,
  createClassSerdesWithDates,
  createLinearRetryStrategy,
  createRetryStrategy,
  defaultSerdes,
  retryPresets,
} from '@aws/durable-execution-sdk-js'
import { Hiccup, cases, crashOnce, firstTime, record, told } from './registry.mjs'

const second = { seconds: 1 }
export const once = { retryStrategy: () => ({ shouldRetry: false }) }
export const quick = { retryStrategy: (error, attempt) => ({ shouldRetry: attempt < 5, delay: second }) }

cases['step-names'] = async (event, context) => {
  const results = [
    await context.step('named', async () => (record(event, 'named'), 3)),
    await context.step(async () => (record(event, 'no name'), 7)),
    await context.step(undefined, async () => null),
    await context.step('nothing', async () => {}),
  ]
  await context.wait(second)
  return results
}

const presets = {
  default: retryPresets.default,
  linear: retryPresets.linear,
  noRetry: retryPresets.noRetry,
  unset: undefined,
  exponential: createRetryStrategy({
    maxAttempts: 3,
    initialDelay: second,
    maxDelay: { minutes: 1 },
    backoffRate: 2,
    jitter: JitterStrategy.NONE,
  }),
  capped: createRetryStrategy({ initialDelay: { minutes: 1 }, maxDelay: second, jitter: JitterStrategy.HALF }),
  linearConfig: createLinearRetryStrategy({
    maxAttempts: 3,
    initialDelay: second,
    increment: second,
    maxDelay: { seconds: 9 },
    jitter: JitterStrategy.NONE,
  }),
  noDelay: (error, attempt) => ({ shouldRetry: attempt < 3 }),
}

cases['step-preset'] = async (event, context) => {
  const flaky = async ({ attempt }) => {
    record(event, `attempt ${attempt}`)
    if (attempt <= event.failures) throw new Hiccup(`attempt ${attempt}`)
    return attempt
  }
  const retryStrategy = presets[event.preset]
  try {
    return await context.step('flaky', flaky, retryStrategy && { retryStrategy })
  } catch (error) {
    return told(error)
  }
}

cases['step-filter'] = async (event, context) => {
  const filters = {
    text: { retryableErrors: ['busy'] },
    pattern: { retryableErrors: [/^db .* busy$/] },
    type: { retryableErrorTypes: [Hiccup] },
    'other text': { retryableErrors: ['gone'] },
    'other type': { retryableErrorTypes: [TypeError] },
  }
  const outcome = {}
  for (const [name, filter] of Object.entries(filters)) {
    const strategy = { maxAttempts: 2, initialDelay: second, jitter: JitterStrategy.NONE, ...filter }
    const flaky = async ({ attempt }) => {
      record(event, `${name} ${attempt}`)
      if (attempt === 1) throw new Hiccup('db 7 busy')
      return 'done'
    }
    try {
      outcome[name] = await context.step(name, flaky, { retryStrategy: createRetryStrategy(strategy) })
    } catch (error) {
      outcome[name] = error.message
    }
  }
  return outcome
}

cases['step-strategy'] = async (event, context) => {
  const retryStrategy = (error, attempt) => {
    record(event, `asked about ${error.name} ${error.message} after ${attempt}`)
    return attempt < 3 ? { shouldRetry: true, delay: { seconds: attempt } } : { shouldRetry: false }
  }
  const fails = async ({ attempt }) => {
    throw new RangeError(`r${attempt}`)
  }
  return context.step('fails', fails, { retryStrategy }).catch(told)
}

cases['step-exhausted'] = async (event, context) => {
  const fails = async ({ attempt }) => {
    record(event, `attempt ${attempt}`)
    throw new Hiccup(`attempt ${attempt} failed`)
  }
  const options = { maxAttempts: 3, initialDelay: second, backoffRate: 1, jitter: JitterStrategy.NONE }
  await context.step('fails', fails, { retryStrategy: createRetryStrategy(options) })
}

cases['step-caught'] = async (event, context) => {
  const seen = []
  const fails = async () => {
    record(event, 'fails')
    throw new TypeError('no such account')
  }
  try {
    await context.step('fails', fails, once)
  } catch (error) {
    seen.push(error instanceof StepError, told(error))
  }
  await context.wait(second)
  seen.push(await context.step('fallback', async () => 'fallback'))
  return seen
}

cases['step-reraised'] = async (event, context) => {
  const fails = async () => {
    throw new TypeError('inner')
  }
  try {
    await context.step('fails', fails, once)
  } catch (error) {
    throw new RangeError('outer', { cause: error })
  }
}

cases['step-throws-text'] = async (event, context) => {
  const fails = async () => {
    throw 'only text'
  }
  return context.step('fails', fails, once).catch(told)
}

cases['step-crash'] = async (event, context) => {
  const fragile = async ({ attempt }) => {
    record(event, `attempt ${attempt}`)
    await crashOnce(event, context, 'fragile')
    return 'survived'
  }
  await context.step('before', async () => record(event, 'before'))
  return context.step('fragile', fragile)
}

cases['step-once-crash'] = async (event, context) => {
  const fragile = async ({ attempt }) => {
    record(event, `attempt ${attempt}`)
    await crashOnce(event, context, 'fragile')
    return `attempt ${attempt}`
  }
  const semantics = StepSemantics.AtMostOncePerRetry
  return context.step('fragile', fragile, { semantics, ...(event.retried ? quick : once) }).catch(told)
}

cases['step-once'] = async (event, context) => {
  const config = { semantics: StepSemantics.AtMostOncePerRetry }
  const first = await context.step('first', async () => (record(event, 'first'), 'f'), config)
  await context.wait(second)
  return [first, await context.step('second', async () => 's', config)]
}

class Point {
  x = 0
  made = new Date(0)
  norm() {
    return Math.abs(this.x)
  }
}

/** Upper case on the wire, lower case here; the context says whose value it is. */
export const shout = {
  serialize: async (value, context) => {
    if (!context.entityId || !context.durableExecutionArn) throw new Error('no context')
    return value?.toUpperCase()
  },
  deserialize: async (data) => data?.toLowerCase(),
}

cases['step-serdes'] = async (event, context) => {
  const point = async () => Object.assign(new Point(), { x: -7, made: new Date(1e12) })
  const plain = await context.step('class', point, { serdes: createClassSerdes(Point) })
  const dated = await context.step('dates', point, { serdes: createClassSerdesWithDates(Point, ['made']) })
  const quiet = await context.step('shout', async () => 'quiet', { serdes: shout })
  const same = await context.step('default', async () => ({ a: [1] }), { serdes: defaultSerdes })
  await context.wait(second)
  return [plain.norm(), typeof plain.made, dated.made.toISOString(), quiet, same]
}

cases['step-serdes-default'] = async (event, context) => {
  context.configureSerdes({ defaultSerdes: shout, defaultCallbackDeserializer: shout })
  const got = await context.step('first', async () => 'soft')
  const child = await context.runInChildContext('child', (inner) => inner.step('second', async () => 'softer'))
  await context.wait(second)
  return [got, child]
}

cases['step-serdes-broken'] = async (event, context) => {
  const broken = {
    serialize: async () => {
      if (firstTime(event, 'serialize')) throw new Error('cannot')
      return '"could"'
    },
    deserialize: defaultSerdes.deserialize,
  }
  return context.step('broken', async () => 'x', { ...once, serdes: broken }).catch(told)
}

cases['step-circular'] = async (event, context) => {
  const circle = {}
  circle.circle = circle
  return context.step('circular', async () => circle, once).catch((error) => error.constructor.name)
}

cases['step-values'] = async (event, context) => {
  const values = [null, true, 1.5, 'ü😀', [1, [2]], { nested: { deep: [] } }, new Date(1e12), new Map([[1, 2]])]
  const got = []
  for (const [n, value] of values.entries()) got.push(await context.step(`value ${n}`, async () => value))
  await context.wait(second)
  return got
}

cases['step-size'] = async (event, context) =>
  (await context.step('sized', async () => 'x'.repeat(event.size - 2), once)).length

cases['step-pages'] = async (event, context) => {
  let total = 0
  for (let n = 0; n < 36; n++) total += (await context.step(`page ${n}`, async () => 'x'.repeat(200_000))).length
  await context.wait(second)
  return [total, await context.step('after', async () => record(event, 'after') ?? null)]
}

cases['step-many'] = async (event, context) => {
  let total = 0
  for (let n = 0; n < 300; n++) total += await context.step(`s${n}`, async () => n)
  await context.wait(second)
  return total
}

cases['step-together'] = async (event, context) => {
  const steps = ['a', 'b', 'c'].map((name) => context.step(name, async () => (record(event, name), name)))
  const got = await Promise.all(steps)
  await context.wait(second)
  return got
}

cases['wait-named'] = async (event, context) => {
  await context.wait('one', second)
  record(event, 'between')
  await context.wait('two', { seconds: 2 })
  return 'rested'
}

cases['wait-units'] = async (event, context) => {
  await context.wait({ hours: 0, minutes: 0, seconds: 1 })
  return 'rested'
}

cases['wait-too-short'] = async (event, context) => {
  await context.wait('none', { seconds: 0 })
  return 'rested'
}

cases['wait-long'] = async (event, context) => {
  await context.wait('most of a year', { days: 300 })
}

cases['wait-beside-work'] = async (event, context) => {
  // The wait ends while a step still runs: no new invocation is needed.
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 2500))
    return 'worked'
  }
  const wait = context.wait('short', second).then(() => record(event, 'waited'))
  const work = context.step('slow', slow)
  await wait
  return work
}
