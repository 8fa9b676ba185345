/** An execution as its history tells it. */

import type { ErrorObject, HistoryEvent } from '../../../api/lambda'

export type OperationType = 'CONTEXT' | 'STEP' | 'WAIT' | 'CALLBACK' | 'CHAINED_INVOKE'
export type OperationStatus = 'STARTED' | 'PENDING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED' | 'TIMED_OUT' | 'STOPPED'

/** Once that the code of an attempt ran. It runs again where it was cut off: the SDK then sends no other START. */
export interface Run {
  /** None as long as the invocation that it belongs to has not ended: it began with that. */
  startedAt: number | null
  endedAt: number | null
  /** Whether its invocation ended before it did: with its server or its process, or out of time. */
  isCutOff: boolean
}

export interface Attempt {
  number: number
  /** At least one; more where an invocation ended in the middle. */
  runs: Run[]
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

export interface Invocation {
  /** Counts from 1. */
  number: number
  requestId: string
  startedAt: number
  /** None while it is active. */
  endedAt: number | null
  /** When it recorded something new for the first time: what came before was replayed. */
  replayedUntil: number
  /** Operations whose results it was given. */
  replayedOperations: number
  /** Events that it recorded. */
  recorded: number
  /** Steps that an earlier invocation was cut off in: no replay, they ran again. */
  ranAgain: string[]
  broughtBackBy: string
  endedBecause: string
  failed: boolean
  /** Whether the server stopped while it ran. */
  isLost: boolean
}

/** What is known of the invocation that has not ended yet. */
export interface InvocationFold {
  firstOwnAt: number | null
  own: number
  /** What happened from outside since the invocation before ended, or began where nothing did after. */
  outside: { at: number; text: string }[]
  ended: number
  /** Of those, the ones that had ended before it recorded anything. */
  endedBefore: number
  previous: Invocation | null
  /** Steps whose attempt has not ended. */
  inFlight: Set<string>
  /** Of those that had been cut off before, the ones that have ended since. */
  ranAgain: string[]
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

const newInvocationFold = (): InvocationFold => ({ firstOwnAt: null, own: 0, outside: [], ended: 0, endedBefore: 0, previous: null, inFlight: new Set(), ranAgain: [] })

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
