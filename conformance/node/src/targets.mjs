// What is invoked by the cases: durable and plain.

import { withDurableExecution } from '@aws/durable-execution-sdk-js'

export const child = withDurableExecution(async (event, context) => {
  switch (event?.do) {
    case 'echo':
      return event.text
    case 'fail':
      throw new TypeError('child failed')
    case 'rest':
      await context.wait('rest', { seconds: event.seconds })
      return 'rested'
    case 'nothing':
      return undefined
  }
  await context.wait('pause', { seconds: 1 })
  return { child: await context.step('increment', async () => (event?.n ?? 0) + 1) }
})

export async function plain(event, context) {
  switch (event?.do) {
    case 'echo':
      return event.text
    case 'fail':
      throw new RangeError('plain failed')
    case 'exit':
      process.exit(3)
      break
    case 'tenant':
      return context.tenantId
    case 'nothing':
      return undefined
  }
  return typeof event === 'object' ? { plain: (event?.n ?? 0) + 1 } : event
}
