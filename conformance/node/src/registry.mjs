// Cases by name, and the record of what ran.

import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs'
import { LambdaClient, GetDurableExecutionHistoryCommand } from '@aws-sdk/client-lambda'

export const cases = {}

/** Notes a side effect outside of the execution; a short appended line is written whole. */
export function record(event, what) {
  appendFileSync(process.env.RECORDS, `${event.name}\t${what}\n`)
}

export function recorded(event) {
  return readFileSync(process.env.RECORDS, 'utf8').split('\n').filter((line) => line.startsWith(`${event.name}\t`))
}

/** An error as a case returns it. */
export function told(error) {
  return {
    class: error.constructor.name,
    type: error.errorType ?? null,
    message: error.message,
    data: error.errorData ?? null,
    cause: error.cause ? [error.cause.name, error.cause.message] : null,
  }
}

/** Fails an attempt. */
export class Hiccup extends Error {
  name = 'Hiccup'
}

/** Whether this was not asked before by this execution. */
export function firstTime(event, marker) {
  try {
    closeSync(openSync(`${process.env.RECORDS}.${event.name}.${marker}`, 'wx'))
    return true
  } catch {
    return false
  }
}

/** Ends the process in the middle of a step, the first time only, and not before its start is recorded. */
export async function crashOnce(event, context, step) {
  if (!firstTime(event, 'crash')) return
  const client = new LambdaClient({})
  const arn = context.executionContext.durableExecutionArn
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {
    const { Events } = await client.send(new GetDurableExecutionHistoryCommand({ DurableExecutionArn: arn }))
    if (Events.some((one) => one.EventType === 'StepStarted' && one.Name === step)) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  process.exit(7)
}
