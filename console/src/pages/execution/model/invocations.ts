/** Invocations out of the history: which part of each was replayed, why it ended, what brought it back. */

import type { HistoryEvent } from '../../../api/lambda'
import { operationName } from '../../../util/activity'
import type { History, Invocation, InvocationFold, Operation } from './history'

/** Events that a function records; all others come from outside. */
const OWN = new Set(['ContextStarted', 'ContextSucceeded', 'ContextFailed', 'StepStarted', 'StepSucceeded', 'StepFailed', 'WaitStarted', 'WaitCancelled', 'CallbackStarted', 'ChainedInvokeStarted'])

const OUTSIDE: Record<string, (name: string) => string> = {
  WaitSucceeded: (name) => `${name} ended`,
  CallbackSucceeded: (name) => `${name} was answered`,
  CallbackFailed: (name) => `${name} was failed`,
  CallbackTimedOut: (name) => `${name} timed out`,
  ChainedInvokeSucceeded: (name) => `${name} returned`,
  ChainedInvokeFailed: (name) => `${name} failed`,
  ChainedInvokeTimedOut: (name) => `${name} timed out`,
  ChainedInvokeStopped: (name) => `${name} was stopped`,
  ExecutionResumed: () => 'the execution was resumed',
}

export function foldInvocation(history: History, event: HistoryEvent, at: number): void {
  const fold = { ...history.fold }
  history.fold = fold
  const operation = event.Id === undefined ? undefined : history.operations.get(event.Id)
  if (OWN.has(event.EventType)) {
    // What had ended by then was given to it: it replayed that.
    if (fold.firstOwnAt === null) fold.endedBefore = fold.ended
    fold.firstOwnAt ??= at
    fold.own += 1
  }
  const told = OUTSIDE[event.EventType]
  if (told !== undefined) fold.outside = [...fold.outside, { at, text: told(mention(operation)) }].slice(-5)
  if (operation !== undefined && operation.endedAt !== null && operation.endedAt === at && operation.eventIds.at(-1) === event.EventId) fold.ended += 1
  switch (event.EventType) {
    case 'InvocationCompleted':
      complete(history, event, fold)
      break
    case 'ExecutionSucceeded':
      finish(history, 'finished')
      break
    case 'ExecutionFailed':
      finish(history, 'finished with an error')
      break
    case 'ExecutionTimedOut':
      finish(history, 'the execution timed out')
      break
    case 'ExecutionStopped':
      finish(history, 'the execution was stopped')
      break
  }
}

/** What ends an invocation in the middle of what it does. */
const CUT_OFF = /InvocationLost|Timed?out/i
const LOST = 'Service.InvocationLost'

function complete(history: History, event: HistoryEvent, fold: InvocationFold): void {
  const details = event.InvocationCompletedDetails
  if (details === undefined) return
  const startedAt = Math.round(details.StartTimestamp * 1_000)
  const endedAt = Math.round(details.EndTimestamp * 1_000)
  const error = details.Error?.Payload
  const again = [...endRunningAgain(history, fold, startedAt), ...cutOff(history, fold, startedAt, endedAt, error?.ErrorType ?? '')]
  const invocation: Invocation = {
    number: history.invocations.length + 1,
    requestId: details.RequestId,
    startedAt,
    endedAt,
    replayedUntil: again.length > 0 ? startedAt : clamp(fold.firstOwnAt ?? endedAt, startedAt, endedAt),
    replayedOperations: fold.firstOwnAt === null ? fold.ended : fold.endedBefore,
    recorded: fold.own,
    ranAgain: again.map((id) => mention(history.operations.get(id))),
    broughtBackBy: broughtBack(history, fold, startedAt),
    endedBecause: error === undefined ? suspendedOn(history) : error.ErrorType === LOST ? 'cut off: the server stopped' : `failed: ${error.ErrorType ?? ''} ${error.ErrorMessage ?? ''}`.trim().slice(0, 200),
    failed: error !== undefined,
    isLost: error?.ErrorType === LOST,
  }
  // Nothing is replayed by the first one: it is live from its start.
  if (invocation.number === 1) invocation.replayedUntil = startedAt
  history.invocations = [...history.invocations, invocation]
  history.fold = {
    firstOwnAt: null,
    own: 0,
    outside: fold.outside.filter(({ at }) => at >= startedAt),
    ended: fold.ended,
    endedBefore: fold.ended,
    previous: invocation,
    inFlight: fold.inFlight,
    ranAgain: [],
  }
}

/** The steps that had been cut off and ended in this invocation: they ran from its start, which is known by now. */
function endRunningAgain(history: History, fold: InvocationFold, startedAt: number): string[] {
  for (const id of fold.ranAgain) {
    const run = history.operations.get(id)?.attempts.findLast(({ runs }) => runs.at(-1)?.startedAt === null)?.runs.at(-1)
    if (run !== undefined) run.startedAt = Math.min(startedAt, run.endedAt ?? startedAt)
  }
  return fold.ranAgain
}

/** Ends the runs that the invocation leaves behind. Answers with those that had been cut off before, and were once more. */
function cutOff(history: History, fold: InvocationFold, startedAt: number, endedAt: number, errorType: string): string[] {
  const again: string[] = []
  for (const id of fold.inFlight) {
    const runs = history.operations.get(id)?.attempts.at(-1)?.runs
    const last = runs?.at(-1)
    if (runs === undefined || last === undefined) continue
    if (!last.isCutOff) {
      last.isCutOff = true
      last.endedAt = endedAt
    } else if (CUT_OFF.test(errorType)) {
      // An invocation that failed by itself may never have come so far.
      runs.push({ startedAt, endedAt, isCutOff: true })
      again.push(id)
    }
  }
  return again
}

/** The invocation that is active, as far as it has come. */
export function activeInvocation(history: History, active: { number: number; request_id: string; scheduled_at: number }, now: number): Invocation | null {
  if (history.invocations.some(({ requestId }) => requestId === active.request_id)) return null
  const { fold } = history
  const isFirst = history.invocations.length === 0
  const again = [...fold.ranAgain, ...[...fold.inFlight].filter((id) => history.operations.get(id)?.attempts.at(-1)?.runs.at(-1)?.isCutOff)]
  return {
    number: history.invocations.length + 1,
    requestId: active.request_id,
    startedAt: active.scheduled_at,
    endedAt: null,
    replayedUntil: isFirst || again.length > 0 ? active.scheduled_at : Math.max(active.scheduled_at, fold.firstOwnAt ?? now),
    replayedOperations: fold.firstOwnAt === null ? fold.ended : fold.endedBefore,
    recorded: fold.own,
    ranAgain: again.map((id) => mention(history.operations.get(id))),
    broughtBackBy: broughtBack(history, fold, active.scheduled_at),
    endedBecause: 'is running',
    failed: false,
    isLost: false,
  }
}

function finish(history: History, because: string): void {
  const last = history.invocations.at(-1)
  if (last === undefined || last.failed) return
  history.invocations = [...history.invocations.slice(0, -1), { ...last, endedBecause: because }]
}

function broughtBack(history: History, fold: InvocationFold, startedAt: number): string {
  if (history.invocations.length === 0) return 'the execution was started'
  if (fold.previous?.isLost === true) return 'the server was back'
  if (fold.previous?.failed === true) return 'the invocation before had failed'
  const before = fold.outside.filter(({ at }) => at <= startedAt + 5)
  const told = (before.length > 0 ? before : fold.outside).map(({ text }) => text)
  if (told.length > 0) return told.slice(-2).join(', and ')
  const retried = [...history.operations.values()].findLast(({ attempts }) => (attempts.at(-1)?.number ?? 0) > 1 && (attempts.at(-1)?.startedAt ?? 0) >= startedAt - 5)
  return retried === undefined ? 'a retry was due' : `the next attempt of ${mention(retried)} was due`
}

const NAMES_MAX = 2

function suspendedOn(history: History): string {
  const open = [...history.operations.values()].filter(({ endedAt, type }) => endedAt === null && type !== 'CONTEXT')
  if (open.length === 0) return 'suspended'
  const names = open.slice(0, NAMES_MAX).map((operation) => `${operation.type === 'STEP' ? 'the next attempt of ' : ''}${mention(operation)}`)
  const more = open.length - names.length
  return `suspended on ${names.join(' and ')}${more > 0 ? ` and ${more} more` : ''}`
}

const KIND: Record<Operation['type'], { named: string; unnamed: string }> = {
  CONTEXT: { named: '', unnamed: 'a context' },
  STEP: { named: '', unnamed: 'a step' },
  WAIT: { named: 'wait ', unnamed: 'a wait' },
  CALLBACK: { named: 'callback ', unnamed: 'a callback' },
  CHAINED_INVOKE: { named: 'the invoke of ', unnamed: 'an invoke' },
}

/** An operation within a sentence: `wait cooling-off`, or `a wait` where nobody named it. */
function mention(operation: Operation | undefined): string {
  if (operation === undefined) return ''
  const name = operation.name || operation.functionName
  const { named, unnamed } = KIND[operation.type]
  return name ? `${named}${operationName(name, operation.type)}` : unnamed
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value))
