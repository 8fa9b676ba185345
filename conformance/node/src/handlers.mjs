// What a handler itself does: results, errors, logs, and code that changes between invocations.

import { mkdirSync } from 'node:fs'
import {
  FileSystemPathEncoding,
  FileSystemSerdesMode,
  PreviewMode,
  buildPreview,
  createFileSystemSerdes,
} from '@aws/durable-execution-sdk-js'
import { Hiccup, cases, crashOnce, firstTime, record } from './registry.mjs'

const second = { seconds: 1 }

cases['handler-result'] = async (event) => event.value

cases['handler-size'] = async (event) => 'r'.repeat(event.size - 2)

cases['handler-input'] = async (event, context) => {
  await context.wait(second)
  return event.text.length
}

cases['handler-error'] = async (event, context) => {
  await context.step('before', async () => record(event, 'before'))
  throw new Hiccup('ü: the handler failed')
}

cases['handler-throws-text'] = async () => {
  throw 'only text'
}

cases['handler-not-json'] = async () => ({ big: 1n })

cases['handler-crash'] = async (event, context) => {
  await context.step('first', async () => record(event, 'first'))
  await crashOnce(event, context, 'first')
  return context.step('second', async () => (record(event, 'second'), 'both'))
}

cases['handler-rejects-elsewhere'] = async (event, context) => {
  // A rejection that nobody handles ends the process, as it does on Lambda.
  if (firstTime(event, 'reject')) {
    Promise.reject(new Hiccup('nobody looks'))
    await new Promise((resolve) => setTimeout(resolve, 5000))
  }
  return 'second invocation'
}

cases['handler-identity'] = async (event, context) => {
  const { lambdaContext } = context
  return {
    name: lambdaContext.functionName,
    qualified: /:JsCases:(live|1)$/.test(lambdaContext.invokedFunctionArn),
    remaining: lambdaContext.getRemainingTimeInMillis() > 0,
    version: lambdaContext.functionVersion === process.env.AWS_LAMBDA_FUNCTION_VERSION,
    arn: context.executionContext.durableExecutionArn.includes('/durable-execution/handler-identity/'),
  }
}

cases['handler-changes'] = async (event, context) => {
  if (firstTime(event, 'before')) {
    if (event.change === 'kind') await context.wait('first', second)
    else {
      await context.step('first', async () => null)
      await context.wait(second)
    }
    return 'unreachable'
  }
  const step = context.step(event.change === 'kind' ? 'first' : 'renamed', async () => null)
  if (event.caught) await step.catch(() => null)
  else await step
  return 'swallowed'
}

cases.logger = async (event, context) => {
  console.log('printed by', event.name)
  context.logger.info('line 1', { amount: 7 })
  await context.step('logs', async ({ logger }) => logger.info('in the step'))
  context.logger.warn('line 2')
  await context.wait(second)
  context.logger.error('line 3', new Hiccup('shown'))
  await context.runInChildContext('child', async (child) => {
    child.logger.info('in the child')
    await child.wait(second)
    child.logger.info('in the child, later')
  })
  context.logger.debug('for debugging')
  const customLogger = Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map((level) => [level, (...words) => console.log('own', level, ...words)]),
  )
  context.configureLogger({ customLogger })
  context.logger.info('own line')
  return 'logged'
}

cases['logger-not-aware'] = async (event, context) => {
  context.configureLogger({ modeAware: false })
  context.logger.info('each time')
  await context.wait(second)
  return 'logged'
}

cases['handler-files'] = async (event, context) => {
  const folder = `${process.env.RECORDS}.files`
  mkdirSync(folder, { recursive: true })
  const preview = { mode: PreviewMode.EXCLUDE_ALL, include: [{ name: 'id' }], mask: [{ name: 'secret' }] }
  const configs = {
    always: undefined,
    overflow: { storageMode: FileSystemSerdesMode.OVERFLOW },
    hash: { pathEncoding: FileSystemPathEncoding.HASH },
    preview: { generatePreview: (value) => buildPreview(value, preview) },
  }
  const value = { id: 7, secret: 's3', rest: 'r'.repeat(400_000) }
  const got = []
  for (const [name, config] of Object.entries(configs)) {
    const found = await context.step(name, async () => value, { serdes: createFileSystemSerdes(folder, config) })
    got.push(found.rest.length === value.rest.length)
  }
  await context.wait(second)
  return got
}
