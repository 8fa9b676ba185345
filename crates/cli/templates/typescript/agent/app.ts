// A support agent: a model decides, tools act, and a person confirms what costs money.
//
// The handler is replayed from the top each time it goes on. Every decision of the model and every tool call is a step:
// recorded, and neither made nor paid for again.

import { CallbackTimeoutError, type DurableContext, withDurableExecution } from '@aws/durable-execution-sdk-js'
import { type Message, type Question, decide } from './model.js'
import { type Call, type ToolResult, callTool, isCostly } from './tools.js'

// A model can go in circles, and each turn costs.
const TURNS_MAX = 8

export const handler = withDurableExecution(async (question: Question, context: DurableContext) => {
  // Made of recorded results only, the conversation is the same in every replay.
  const conversation: Message[] = []
  for (let turn = 1; turn <= TURNS_MAX; turn += 1) {
    const decision = await context.step(`model-${turn}`, async () => decide(question, conversation))
    if ('answer' in decision) return { status: 'ANSWERED', answer: decision.answer, turns: turn }
    conversation.push({ call: decision, result: await useTool(decision, turn, context) })
  }
  return { status: 'GAVE_UP', turns: TURNS_MAX }
})

async function useTool(call: Call, turn: number, context: DurableContext): Promise<ToolResult> {
  if (isCostly(call) && !(await isConfirmed(call, context))) return { declined: true }
  return context.step(`${call.tool}-${turn}`, async () => callTool(call))
}

/** Whether a person says yes. Silence is a no. */
async function isConfirmed(call: Call, context: DurableContext): Promise<boolean> {
  try {
    const answer = await context.waitForCallback(
      `confirm-${call.tool}`,
      async (callbackId, { logger }) => {
        // Send a message here, whose buttons complete the callback by SendDurableExecutionCallbackSuccess.
        logger.info(`may I ${call.tool} for order ${call.order}? callback ${callbackId}`)
      },
      { timeout: { days: 3 } },
    )
    return (JSON.parse(answer) as { confirmed: boolean }).confirmed
  } catch (error) {
    if (error instanceof CallbackTimeoutError) return false
    throw error
  }
}
