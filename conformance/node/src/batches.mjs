// Parallel branches and maps.

import {
  BatchItemStatus,
  CompletionOutcome,
  NestingType,
  completeBatch,
  continueBatch,
  defaultSerdes,
} from '@aws/durable-execution-sdk-js'
import { Hiccup, cases, record, told } from './registry.mjs'
import { once, quick, shout } from './steps.mjs'

const second = { seconds: 1 }

function summary(batch) {
  return {
    reason: batch.completionReason,
    status: batch.status,
    items: batch.all.map((item) => [item.status, item.result ?? null]),
    counts: [batch.successCount, batch.failureCount, batch.startedCount, batch.totalCount],
    errors: batch.getErrors().map((error) => error.message),
  }
}

/** A branch that does as its letter says: S succeeds, F fails, W waits, then succeeds. */
const outcome = (event, spec) => async (context) => {
  if (spec === 'W') await context.wait('rest', second)
  const step = async () => {
    record(event, `step ${spec}`)
    if (spec === 'F') throw new Hiccup('as told')
    return spec
  }
  return context.step(`step ${spec}`, step, once)
}

/** Done as soon as two succeeded, lost as soon as two failed. */
function shouldComplete(status) {
  if (status.items.length !== status.totalCount) throw new Error('items are missing')
  if (status.successCount >= 2) return completeBatch()
  if (status.failureCount >= 2) return completeBatch(CompletionOutcome.FAILED)
  return continueBatch()
}

const completions = {
  unset: undefined,
  min: { minSuccessful: 2 },
  count: { toleratedFailureCount: 1 },
  percentage: { toleratedFailurePercentage: 40 },
  everything: { toleratedFailurePercentage: 100 },
  first: { minSuccessful: 1 },
  custom: { shouldComplete },
}

const options = (event) => ({
  maxConcurrency: event.max_concurrency,
  completionConfig: completions[event.completion ?? 'unset'],
  nesting: NestingType[event.nesting ?? 'NESTED'],
})

cases.parallel = async (event, context) => {
  const branches = [...event.branches].map((spec) => outcome(event, spec))
  const batch = await context.parallel('batch', branches, options(event))
  await context.wait(second)
  return summary(batch)
}

cases.map = async (event, context) => {
  const item = (inner, spec, index, items) => {
    if (items[index] !== spec) throw new Error('another item')
    return outcome(event, spec)(inner)
  }
  const itemNamer = event.named ? (spec, index) => `${spec}${index}` : undefined
  const batch = await context.map('batch', [...event.branches], item, { itemNamer, ...options(event) })
  await context.wait(second)
  return summary(batch)
}

cases['parallel-named'] = async (event, context) => {
  const branches = [
    { name: 'explicit', func: (inner) => inner.step('value', async () => 1) },
    (inner) => inner.step(async () => 2),
  ]
  return (await context.parallel(branches, { maxConcurrency: 1 })).getResults()
}

cases['parallel-throw'] = async (event, context) => {
  const branches = [...'SF'].map((spec) => outcome(event, spec))
  const batch = await context.parallel('batch', branches, { maxConcurrency: 1 })
  try {
    batch.throwIfError()
  } catch (error) {
    return [batch.hasFailure, batch.failed().length, batch.succeeded().length, batch.started().length, told(error)]
  }
}

cases['parallel-custom-throw'] = async (event, context) => {
  const completionConfig = {
    shouldComplete: (status) => (status.successCount ? completeBatch(CompletionOutcome.FAILED) : continueBatch()),
  }
  const branches = [...'SS'].map((spec) => outcome(event, spec))
  const batch = await context.parallel('batch', branches, { maxConcurrency: 1, completionConfig })
  await context.wait(second)
  try {
    batch.throwIfError()
  } catch (error) {
    return [told(error), batch.status === BatchItemStatus.FAILED]
  }
}

cases['parallel-waits'] = async (event, context) => {
  const branch = (seconds) => async (inner) => {
    await inner.wait(`wait ${seconds}`, { seconds })
    return inner.step(`after ${seconds}`, async () => (record(event, `after ${seconds}`), seconds))
  }
  const asks = async (inner) => {
    const [answer] = await inner.createCallback('question')
    return answer
  }
  return (await context.parallel('batch', [branch(1), branch(2), branch(3), asks])).getResults()
}

cases['parallel-in-parallel'] = async (event, context) => {
  const inner = (label) => async (branch) => {
    const leaves = [0, 1, 2].map((n) => (leaf) => leaf.step(`leaf ${label}${n}`, async () => `${label}${n}`))
    return (await branch.parallel(`inner ${label}`, leaves)).getResults()
  }
  const batch = await context.parallel('outer', [inner('a'), inner('b')])
  await context.wait(second)
  return batch.getResults()
}

cases['parallel-retry'] = async (event, context) => {
  const flaky = (inner) =>
    inner.step(
      'flaky',
      async ({ attempt }) => {
        record(event, `attempt ${attempt}`)
        if (attempt < 3) throw new Hiccup('again')
        return attempt
      },
      quick,
    )
  return (await context.parallel('batch', [flaky, outcome(event, 'S')])).getResults()
}

cases['parallel-large'] = async (event, context) => {
  const branch = (n) => async (inner) => {
    record(event, `branch ${n}`)
    return inner.step(`step ${n}`, async () => (record(event, `step ${n}`), String(n).repeat(150_000)))
  }
  const batch = await context.parallel('large', [0, 1, 2].map(branch), {
    maxConcurrency: 1,
    summaryGenerator: event.summary ? (one) => `${one.successCount} large` : undefined,
    nesting: NestingType[event.nesting ?? 'NESTED'],
  })
  await context.wait(second)
  return [batch.completionReason, batch.getResults().map((one) => one.length)]
}

cases['parallel-serdes'] = async (event, context) => {
  const branches = ['low', 'er'].map((text) => (inner) => inner.step(async () => text))
  const batch = await context.parallel('batch', branches, { maxConcurrency: 1, itemSerdes: shout })
  await context.wait(second)
  return batch.getResults()
}

cases['map-serdes'] = async (event, context) => {
  const whole = {
    serialize: async (batch) => `batch ${JSON.stringify(batch.getResults())}`,
    deserialize: async (text) => ({ getResults: () => JSON.parse(text.slice('batch '.length)) }),
  }
  const item = (inner, text, index) => inner.step(`item ${index}`, async () => text)
  const config = { maxConcurrency: 1, serdes: whole, itemSerdes: shout }
  const batch = await context.map('batch', ['low', 'er'], item, config)
  await context.wait(second)
  return batch.getResults()
}

cases['parallel-invalid'] = async (event, context) => {
  // The SDK fails the execution, whatever the handler catches.
  await context.parallel('invalid', [async () => 1], { maxConcurrency: 0 }).catch(() => null)
  return 'swallowed'
}

cases['map-empty'] = async (event, context) => [
  summary(await context.map('none', [], async () => 1)),
  summary(await context.parallel('none either', [])),
]

cases['map-large'] = async (event, context) => {
  const item = (inner, n) =>
    inner.step(`item ${n}`, async () => (record(event, `item ${n}`), String(n).repeat(150_000)))
  const batch = await context.map('large', [1, 2, 3], item, { maxConcurrency: 1, itemSerdes: defaultSerdes })
  await context.wait(second)
  return batch.getResults().map((one) => one.length)
}

cases['map-wide'] = async (event, context) => {
  const item = async (inner, n) => {
    await inner.wait('rest', second)
    return inner.step('square', async () => (record(event, `item ${n}`), n * n))
  }
  const batch = await context.map('squares', [...Array(12).keys()], item, { maxConcurrency: 5 })
  return batch.getResults().reduce((sum, one) => sum + one, 0)
}
