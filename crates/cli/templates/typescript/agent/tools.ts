// What the agent can do. Each call is a step, which may run twice if the process dies before its result is recorded.

export type Call = { tool: 'look_up_order'; order: string } | { tool: 'refund'; order: string; amount: number }

export type ToolResult = { item: string; total: number } | { unknown: string } | { refunded: number } | { declined: true }

const ORDERS = new Map([['1042', { item: 'lamp', total: 39 }]])

/** Whether a person confirms it before it is called. */
export const isCostly = (call: Call) => call.tool === 'refund'

export async function callTool(call: Call): Promise<ToolResult> {
  switch (call.tool) {
    case 'look_up_order':
      return ORDERS.get(call.order) ?? { unknown: call.order }
    case 'refund':
      // The payment service must know the order again, so that a second call pays nothing.
      return { refunded: call.amount }
  }
}
