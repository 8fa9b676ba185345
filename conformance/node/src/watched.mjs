// A durable function with an instrumentation plugin and a client of its own.

import { LambdaClient } from '@aws-sdk/client-lambda'
import { withDurableExecution } from '@aws/durable-execution-sdk-js'
import { record } from './registry.mjs'

const told = (what) => record({ name: 'plugin-watcher' }, what)

const watcher = {
  onInvocationStart: async (info) => told(`invocation starts, first: ${info.isFirstInvocation}`),
  onInvocationEnd: async (info) => told(`invocation ends ${info.status}`),
  onOperationStart: async (info) => told(`${info.type} ${info.name} starts`),
  onOperationEnd: async (info) => told(`${info.type} ${info.name} ends`),
  onOperationAttemptStart: async (info) => told(`attempt ${info.attempt} of ${info.name} starts`),
  onOperationAttemptEnd: async (info) => told(`attempt ${info.attempt} of ${info.name} ends ${info.outcome}`),
  wrapOperationAttemptFn: (info, run) => run(),
  wrapChildContextFn: (info, run) => run(),
  enrichLogContext: () => ({ watched: true }),
}

async function workflow(event, context) {
  await context.step('first', async () => null)
  await context.wait('pause', { seconds: 1 })
  return context.step('second', async () => 'seen')
}

export const handler = withDurableExecution(workflow, {
  client: new LambdaClient({ maxAttempts: 5 }),
  plugins: [watcher],
  pluginsConfig: { childOperationsDepth: 1 },
})
