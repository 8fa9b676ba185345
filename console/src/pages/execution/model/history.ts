/** An execution as its history tells it, folded event by event: what is new costs what is new. */

import type { ErrorObject, HistoryEvent } from '../../../api/lambda'
import { foldInvocation, type Invocation, type InvocationFold, newInvocationFold } from './invocations'

export type OperationType = 'CONTEXT' | 'STEP' | 'WAIT' | 'CALLBACK' | 'CHAINED_INVOKE'
export type OperationStatus = 'STARTED' | 'PENDING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED' | 'TIMED_OUT' | 'STOPPED'

export interface Attempt {
  number: number
  startedAt: number
  endedAt: number | null
  error: ErrorObject | null
  /** Seconds until the next one; none when there is none. */
  nextDelaySeconds: number | null
}

export interface Operation {
  id: string
  parentId: string | null
  type: OperationType
  subType: string | null
  name: string | null
  status: OperationStatus
  startedAt: number
  endedAt: number | null
  /** Of steps. */
  attempts: Attempt[]
  nextAttemptAt: number | null
  /** Of waits. */
  waitUntil: number | null
  /** Of callbacks. */
  callbackId: string | null
  timeoutSeconds: number | null
  heartbeatTimeoutSeconds: number | null
  /** Of chained invokes. */
  functionName: string | null
  executionArn: string | null
  error: ErrorObject | null
  children: string[]
  eventIds: number[]
}

export interface Pause {
  from: number
  to: number | null
  reason: string | null
}

/** Instants are epoch milliseconds. A new object after each change; what it holds is shared. */
export interface History {
  events: HistoryEvent[]
  operations: Map<string, Operation>
  /** Operations at the top, as they started. */
  roots: string[]
  invocations: Invocation[]
  pauses: Pause[]
  startedAt: number | null
  endedAt: number | null
  /** The last event's id. */
  last: number
  fold: InvocationFold
}

export const emptyHistory = (): History => ({
  events: [],
  operations: new Map(),
  roots: [],
  invocations: [],
  pauses: [],
  startedAt: null,
  endedAt: null,
  last: 0,
  fold: newInvocationFold(),
})

export const atOf = (event: HistoryEvent): number => Math.round(event.EventTimestamp * 1_000)

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

function foldOperation(history: History, event: HistoryEvent, at: number): Operation | undefined {
  if (event.Id === undefined) return undefined
  const type = STARTS[event.EventType]
  if (type !== undefined) return start(history, event, event.Id, type, at)
  const operation = history.operations.get(event.Id)
  const status = ENDS[event.EventType]
  if (operation === undefined || status === undefined) return operation
  const error = errorOf(event)
  const retry = event.StepFailedDetails?.RetryDetails ?? event.StepSucceededDetails?.RetryDetails
  const attempt = operation.attempts.at(-1)
  if (attempt !== undefined && attempt.endedAt === null) {
    attempt.endedAt = at
    attempt.error = error
    attempt.nextDelaySeconds = retry?.NextAttemptDelaySeconds ?? null
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
  if (type === 'STEP') operation.attempts.push({ number: operation.attempts.length + 1, startedAt: at, endedAt: null, error: null, nextDelaySeconds: null })
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

/** The error that an event tells of, whatever it is about. */
export function errorOf(event: HistoryEvent): ErrorObject | null {
  const details =
    event.StepFailedDetails ??
    event.ContextFailedDetails ??
    event.CallbackFailedDetails ??
    event.CallbackTimedOutDetails ??
    event.ChainedInvokeFailedDetails ??
    event.ChainedInvokeTimedOutDetails ??
    event.ChainedInvokeStoppedDetails ??
    event.WaitCancelledDetails ??
    event.ExecutionFailedDetails ??
    event.ExecutionTimedOutDetails ??
    event.ExecutionStoppedDetails ??
    event.InvocationCompletedDetails
  return details?.Error?.Payload ?? null
}

/** The chain of operations that an operation lies in, the outermost first. */
export function ancestors(history: History, operation: Operation): Operation[] {
  const chain: Operation[] = []
  let id = operation.parentId
  while (id !== null && chain.length < 100) {
    const parent = history.operations.get(id)
    if (parent === undefined) break
    chain.unshift(parent)
    id = parent.parentId
  }
  return chain
}
