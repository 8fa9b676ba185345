// A stand-in for a model: it decides by the last message. Put the call of yours in its place.

import type { Call, ToolResult } from './tools.js'

export interface Question {
  customer: string
  message: string
  order: string
}

/** What was called, and what came of it. */
export interface Message {
  call: Call
  result: ToolResult
}

export type Decision = Call | { answer: string }

/** The next tool call, or the answer to the customer. */
export async function decide({ customer, order }: Question, conversation: Message[]): Promise<Decision> {
  const result = conversation.at(-1)?.result
  // It does not learn from an order that is unknown, and looks again: the limit of turns ends that.
  if (result === undefined || 'unknown' in result) return { tool: 'look_up_order', order }
  if ('total' in result) return { tool: 'refund', order, amount: result.total }
  if ('declined' in result) return { answer: `Dear ${customer}, a colleague will call you about order ${order}.` }
  return { answer: `Dear ${customer}, we have refunded ${result.refunded} for order ${order}.` }
}
