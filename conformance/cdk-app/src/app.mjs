import { withDurableExecution } from '@aws/durable-execution-sdk-js'

export const handler = withDurableExecution(async (event, context) => context.step('greet', async () => `Hello, ${event.name}`))
