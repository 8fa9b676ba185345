/**
 * Reads an application's progress out of its status and log.
 *
 * After each suspension the workflow runs from the top again and writes its earlier entries a second time, at level
 * `replay`. Those entries, and the `current_step` that goes with them, point backwards; so progress is the furthest
 * step that was ever reached, and replayed entries only count as replays.
 */

import { type Application, isTerminal, type LogEntry, type Status, STEPS, type Step } from '../api/application'
import { isStep } from '../api/parse'
import type { Phase } from './workflow'

export type StepState = 'pending' | 'active' | 'suspended' | 'done' | 'skipped' | 'denied' | 'failed' | 'not_reached'

export interface StepProgress {
  step: Step
  state: StepState
  /** The newest message that is no replay. */
  message: string | null
  /** Milliseconds since the epoch. `null` where the step was not visited. */
  startedAt: number | null
  /** Milliseconds since the epoch. `null` while the step is not finished. */
  endedAt: number | null
  /** How often the step's recorded entries were gone through again. */
  replays: number
}

export interface Progress {
  phase: Phase
  steps: readonly StepProgress[]
  /** The step the application is at, or where it ended. */
  at: StepProgress
}

const REPLAY_PREFIX = /^\[REPLAY\]\s*/

/** The entry's message without the tag, which the page draws itself. */
export function plainMessage(entry: LogEntry): string {
  return entry.message.replace(REPLAY_PREFIX, '')
}

/** `decided`: this page has sent the manager's decision, so that wait is over whatever a replay writes. */
export function deriveProgress(application: Application, decided: boolean): Progress {
  const fresh = application.logs.filter((entry) => entry.level !== 'replay')
  const reached = reachedIndex(application, fresh)
  const steps = STEPS.map((step, index): StepProgress => {
    const own = fresh.filter((entry) => entry.step === step)
    const visited = own.length > 0 || index === reached || step === 'submitted'
    const state = stepState(application, index, reached, visited, decided)
    const next = fresh.find((entry) => isStep(entry.step) && STEPS.indexOf(entry.step) > index)
    const ended = next ?? (isTerminal(application.status) ? fresh.at(-1) : undefined)
    return {
      step,
      state,
      message: own.at(-1)?.message ?? null,
      startedAt: instant(own[0]?.timestamp ?? (step === 'submitted' ? application.createdAt : null)),
      endedAt: visited && index <= reached ? instant(ended?.timestamp ?? null) : null,
      replays: replays(application.logs, step),
    }
  })
  const at = steps[reached]
  if (at === undefined) throw new Error('a reached step is one of the nine')
  return { phase: phaseOf(application.status, at), steps, at }
}

function reachedIndex(application: Application, fresh: readonly LogEntry[]): number {
  if (application.status === 'approved') return STEPS.indexOf('complete')
  const visited = fresh.flatMap((entry) => (isStep(entry.step) ? [STEPS.indexOf(entry.step)] : []))
  const current = application.currentStep === null ? 0 : STEPS.indexOf(application.currentStep)
  return Math.max(0, current, ...visited)
}

function stepState(application: Application, index: number, reached: number, visited: boolean, decided: boolean): StepState {
  if (index < reached) return visited ? 'done' : 'skipped'
  if (index > reached) return isTerminal(application.status) ? 'not_reached' : 'pending'
  const live = liveState(STEPS[index], application.status, decided)
  const state: Record<Status, StepState> = {
    submitted: live,
    processing: live,
    pending_approval: live,
    approved: 'done',
    denied: 'denied',
    failed: 'failed',
  }
  return state[application.status]
}

function liveState(step: Step | undefined, status: Status, decided: boolean): StepState {
  if (step === 'manager_approval') return status === 'pending_approval' && !decided ? 'suspended' : 'active'
  return step === 'fraud_check' ? 'suspended' : 'active'
}

function phaseOf(status: Status, at: StepProgress): Phase {
  if (isTerminal(status) || at.state !== 'suspended') return status === 'pending_approval' ? 'processing' : status
  return at.step === 'manager_approval' ? 'awaiting_manager' : 'awaiting_fraud_check'
}

function replays(logs: readonly LogEntry[], step: Step): number {
  const seen = new Map<string, number>()
  for (const entry of logs) {
    if (entry.step === step && entry.level === 'replay') seen.set(entry.message, (seen.get(entry.message) ?? 0) + 1)
  }
  return Math.max(0, ...seen.values())
}

function instant(timestamp: string | null): number | null {
  const at = timestamp === null ? Number.NaN : Date.parse(timestamp)
  return Number.isNaN(at) ? null : at
}

export interface Span {
  step: Step
  kind: 'running' | 'suspended'
  /** Milliseconds. */
  length: number
}

export interface TimeSpent {
  spans: readonly Span[]
  /** Milliseconds. */
  running: number
  /** Milliseconds. */
  suspended: number
}

export const SPAN_KIND: Record<Step, Span['kind']> = {
  submitted: 'running',
  validating: 'running',
  credit_check: 'running',
  risk_assessment: 'running',
  manager_approval: 'suspended',
  fraud_check: 'suspended',
  generating_offer: 'running',
  disbursing: 'running',
  complete: 'running',
}

/** Splits the time so far into running and suspended. `now` closes the step that is still open. */
export function deriveTime(progress: Progress, now: number): TimeSpent {
  const spans = progress.steps.flatMap((step): Span[] => {
    if (step.startedAt === null) return []
    const length = Math.max(0, (step.endedAt ?? now) - step.startedAt)
    return length === 0 ? [] : [{ step: step.step, kind: SPAN_KIND[step.step], length }]
  })
  const total = (kind: Span['kind']) => spans.reduce((sum, span) => (span.kind === kind ? sum + span.length : sum), 0)
  return { spans, running: total('running'), suspended: total('suspended') }
}
