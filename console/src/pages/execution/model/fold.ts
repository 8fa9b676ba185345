/** The fold of events into a history, one by one: what is new costs what is new. */

import type { HistoryEvent } from '../../../api/lambda'
import { type Attempt, atOf, errorOf, type History, type Operation, type OperationStatus, type OperationType } from './history'
import { foldInvocation } from './invocations'

/** The history with what happened since; events that are known already change nothing. */
export function append(history: History, events: readonly HistoryEvent[]): History {
  const next = { ...history }
  for (const event of events) {
    if (event.EventId <= next.last) continue
    next.events.push(event)
    next.last = event.EventId
    fold(next, event)
  }
  return next
}

function fold(history: History, event: HistoryEvent): void {
  const at = atOf(event)
  const operation = foldOperation(history, event, at)
  operation?.eventIds.push(event.EventId)
  switch (event.EventType) {
    case 'ExecutionStarted':
      history.startedAt = at
      break
    case 'ExecutionSucceeded':
    case 'ExecutionFailed':
    case 'ExecutionTimedOut':
    case 'ExecutionStopped':
      history.endedAt = at
      break
    case 'ExecutionPaused':
      history.pauses.push({ from: at, to: null, reason: reasonOf(event.ExecutionPausedDetails) })
      break
    case 'ExecutionResumed': {
      const pause = history.pauses.at(-1)
      if (pause !== undefined) pause.to = at
      break
    }
  }
  foldInvocation(history, event, at)
}

const reasonOf = (details: Record<string, unknown> | undefined): string | null => {
  const reason = details?.['Reason'] as { Payload?: string } | undefined
  return reason?.Payload ?? null
}

const STARTS: Record<string, OperationType> = {
  ContextStarted: 'CONTEXT',
  StepStarted: 'STEP',
  WaitStarted: 'WAIT',
  CallbackStarted: 'CALLBACK',
  ChainedInvokeStarted: 'CHAINED_INVOKE',
}

const ENDS: Record<string, OperationStatus> = {
  ContextSucceeded: 'SUCCEEDED',
  ContextFailed: 'FAILED',
  StepSucceeded: 'SUCCEEDED',
  StepFailed: 'FAILED',
  WaitSucceeded: 'SUCCEEDED',
  WaitCancelled: 'CANCELLED',
  CallbackSucceeded: 'SUCCEEDED',
  CallbackFailed: 'FAILED',
  CallbackTimedOut: 'TIMED_OUT',
  ChainedInvokeSucceeded: 'SUCCEEDED',
  ChainedInvokeFailed: 'FAILED',
  ChainedInvokeTimedOut: 'TIMED_OUT',
  ChainedInvokeStopped: 'STOPPED',
}

const UNSEEN: Record<string, OperationType> = { ContextSucceeded: 'CONTEXT', ContextFailed: 'CONTEXT', StepSucceeded: 'STEP', StepFailed: 'STEP' }

/** How SDKs call the error of a step that is to run at most once and was cut off: it did not run again. */
const NOT_AGAIN = /Interrupted/

function endRun(history: History, operation: Operation, attempt: Attempt, at: number): void {
  history.fold.inFlight.delete(operation.id)
  const run = attempt.runs.at(-1)
  if (run === undefined) return
  if (!run.isCutOff) run.endedAt = at
  else if (!NOT_AGAIN.test(attempt.error?.ErrorType ?? '')) {
    attempt.runs.push({ startedAt: null, endedAt: at, isCutOff: false })
    history.fold.ranAgain.push(operation.id)
  }
}

function foldOperation(history: History, event: HistoryEvent, at: number): Operation | undefined {
  if (event.Id === undefined) return undefined
  const type = STARTS[event.EventType]
  if (type !== undefined) return start(history, event, event.Id, type, at)
  const status = ENDS[event.EventType]
  if (status === undefined) return history.operations.get(event.Id)
  // A step may begin and end in one request, which then has no event for its start.
  const unseen = UNSEEN[event.EventType]
  const operation = history.operations.get(event.Id) ?? (unseen === undefined ? undefined : start(history, event, event.Id, unseen, at))
  if (operation === undefined) return undefined
  const error = errorOf(event)
  const retry = event.StepFailedDetails?.RetryDetails ?? event.StepSucceededDetails?.RetryDetails
  const attempt = operation.attempts.at(-1)
  if (attempt !== undefined && attempt.endedAt === null) {
    attempt.endedAt = at
    attempt.error = error
    attempt.nextDelaySeconds = retry?.NextAttemptDelaySeconds ?? null
    endRun(history, operation, attempt, at)
  }
  if (retry?.NextAttemptDelaySeconds !== undefined) {
    operation.status = 'PENDING'
    operation.nextAttemptAt = at + retry.NextAttemptDelaySeconds * 1_000
    return operation
  }
  operation.status = status
  operation.endedAt = at
  operation.nextAttemptAt = null
  operation.error = error
  return operation
}

function start(history: History, event: HistoryEvent, id: string, type: OperationType, at: number): Operation {
  const known = history.operations.get(id)
  const operation = known ?? newOperation(event, id, type, at)
  if (known === undefined) {
    history.operations.set(id, operation)
    const parent = operation.parentId === null ? undefined : history.operations.get(operation.parentId)
    ;(parent?.children ?? history.roots).push(id)
  }
  operation.status = 'STARTED'
  operation.nextAttemptAt = null
  if (type === 'STEP') {
    const runs = [{ startedAt: at, endedAt: null, isCutOff: false }]
    operation.attempts.push({ number: operation.attempts.length + 1, runs, startedAt: at, endedAt: null, error: null, nextDelaySeconds: null })
    history.fold.inFlight.add(id)
  }
  return operation
}

function newOperation(event: HistoryEvent, id: string, type: OperationType, at: number): Operation {
  const wait = event.WaitStartedDetails
  const callback = event.CallbackStartedDetails
  const invoke = event.ChainedInvokeStartedDetails
  return {
    id,
    parentId: event.ParentId ?? null,
    type,
    subType: event.SubType ?? null,
    name: event.Name ?? null,
    status: 'STARTED',
    startedAt: at,
    endedAt: null,
    attempts: [],
    nextAttemptAt: null,
    waitUntil: wait?.ScheduledEndTimestamp === undefined ? null : Math.round(wait.ScheduledEndTimestamp * 1_000),
    callbackId: callback?.CallbackId ?? null,
    timeoutSeconds: callback?.Timeout ?? null,
    heartbeatTimeoutSeconds: callback?.HeartbeatTimeout ?? null,
    functionName: invoke?.FunctionName ?? null,
    executionArn: invoke?.DurableExecutionArn ?? null,
    error: null,
    children: [],
    eventIds: [],
  }
}
