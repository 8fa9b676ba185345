// A durable function in TypeScript, bundled with its packages by esbuild.

import { appendFileSync } from 'node:fs'
import { type DurableContext, withDurableExecution } from '@aws/durable-execution-sdk-js'

interface Order {
  name: string
  lines: { item: string; pieces: number }[]
}

interface Receipt {
  pieces: number
  items: string[]
}

function record(order: Order, what: string): void {
  appendFileSync(process.env.RECORDS!, `${order.name}\t${what}\n`)
}

export const handler = withDurableExecution<Order, Receipt>(async (order, context: DurableContext) => {
  const picked = await context.map('pick', order.lines, (inner, line) =>
    inner.step(`pick ${line.item}`, async () => {
      record(order, `pick ${line.item}`)
      return line
    }),
  )
  await context.wait('cool', { seconds: 1 })
  const lines = picked.getResults()
  return {
    pieces: lines.reduce((sum, line) => sum + line.pieces, 0),
    items: lines.map((line) => line.item),
  }
})
