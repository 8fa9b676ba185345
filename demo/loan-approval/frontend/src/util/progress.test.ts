import { describe, expect, it } from 'vitest'
import { type Application, type LogEntry, type Status, STEPS, type Step } from '../api/application'
import { deriveProgress, deriveTime, plainMessage } from './progress'

const START = Date.parse('2026-01-15T10:00:00Z')

/** `validating`, or `replay:validating`; one second apart. */
function history(...entries: string[]): LogEntry[] {
  return entries.map((entry, second) => {
    const replay = entry.startsWith('replay:')
    const step = replay ? entry.slice('replay:'.length) : entry
    return {
      timestamp: new Date(START + second * 1000).toISOString(),
      step,
      message: replay ? `[REPLAY] about ${step}` : `about ${step}`,
      level: replay ? 'replay' : 'info',
    }
  })
}

function application(status: Status, currentStep: Step | null, logs: LogEntry[]): Application {
  return { id: 'LOAN-1-AAAA', engine: 'durable', status, currentStep, applicantName: 'A', loanAmount: 1, logs, result: null, createdAt: null }
}

/** One letter per step, in order. */
function picture(subject: Application, decided = false): string {
  const letter = { pending: '.', active: 'A', suspended: 'S', done: 'd', skipped: '-', denied: 'X', failed: 'F', not_reached: '_' }
  return deriveProgress(subject, decided)
    .steps.map((step) => letter[step.state])
    .join('')
}

const UP_TO_RISK = ['submitted', 'validating', 'credit_check', 'risk_assessment']

describe('the steps', () => {
  it.each<[string, Status, Step | null, string[], string]>([
    ['submitted', 'submitted', 'submitted', ['submitted'], 'A........'],
    ['checking credit', 'processing', 'credit_check', ['submitted', 'validating', 'credit_check'], 'ddA......'],
    ['waiting for the manager', 'pending_approval', 'manager_approval', [...UP_TO_RISK, 'manager_approval'], 'ddddS....'],
    ['waiting for the fraud check', 'processing', 'fraud_check', [...UP_TO_RISK, 'manager_approval', 'fraud_check'], 'dddddS...'],
    ['a small loan skips the manager', 'processing', 'fraud_check', [...UP_TO_RISK, 'fraud_check'], 'dddd-S...'],
    ['denied by the scores', 'denied', 'risk_assessment', UP_TO_RISK, 'dddX_____'],
    ['denied by the manager', 'denied', 'manager_approval', [...UP_TO_RISK, 'manager_approval', 'manager_approval'], 'ddddX____'],
    ['failed', 'failed', null, ['submitted', 'validating', 'credit_check', 'error'], 'ddF______'],
    ['failed, at a step that is named', 'failed', 'credit_check', ['submitted', 'validating', 'credit_check'], 'ddF______'],
    ['failed before the workflow began', 'failed', null, ['submitted'], 'F________'],
    ['approved', 'approved', 'complete', [...STEPS], 'ddddddddd'],
    ['approved without a manager', 'approved', 'complete', STEPS.filter((step) => step !== 'manager_approval'), 'dddd-dddd'],
  ])('%s', (_, status, step, logs, expected) => {
    expect(picture(application(status, step, history(...logs)))).toBe(expected)
  })

  it('do not go back when a replay writes its entries again', () => {
    const logs = history(...UP_TO_RISK, 'manager_approval', 'replay:validating')
    expect(picture(application('processing', 'validating', logs))).toBe('ddddA....')
  })

  it('do not wait for the manager again when a replay repeats that status', () => {
    const logs = history(...UP_TO_RISK, 'manager_approval', 'replay:manager_approval')
    const subject = application('pending_approval', 'manager_approval', logs)
    expect(picture(subject, true)).toBe('ddddA....')
    expect(deriveProgress(subject, true).phase).toBe('processing')
    expect(deriveProgress(subject, false).phase).toBe('awaiting_manager')
  })

  it('count replays by the most repeated entry', () => {
    const again = ['replay:validating', 'replay:credit_check']
    const { steps } = deriveProgress(application('processing', 'fraud_check', history(...UP_TO_RISK, 'fraud_check', ...again, ...again)), false)
    expect(steps.map((step) => step.replays)).toEqual([0, 2, 2, 0, 0, 0, 0, 0, 0])
  })

  it('carry the newest message that is no replay', () => {
    const { steps } = deriveProgress(application('processing', 'validating', history('submitted', 'validating', 'replay:validating')), false)
    expect(steps[1]?.message).toBe('about validating')
  })
})

describe('the phase', () => {
  it.each<[Status, Step, string[], string]>([
    ['submitted', 'submitted', ['submitted'], 'submitted'],
    ['processing', 'validating', ['submitted', 'validating'], 'processing'],
    ['processing', 'fraud_check', ['submitted', 'fraud_check'], 'awaiting_fraud_check'],
    ['denied', 'risk_assessment', UP_TO_RISK, 'denied'],
    ['approved', 'complete', [...STEPS], 'approved'],
  ])('%s at %s', (status, step, logs, phase) => {
    expect(deriveProgress(application(status, step, history(...logs)), false).phase).toBe(phase)
  })
})

describe('the time', () => {
  it('is split into running and suspended, with the open step up to now', () => {
    const progress = deriveProgress(application('processing', 'fraud_check', history(...UP_TO_RISK, 'fraud_check')), false)
    const time = deriveTime(progress, START + 10_000)
    expect(time.running).toBe(4_000)
    expect(time.suspended).toBe(6_000)
  })

  it('stands still once the application has ended', () => {
    const progress = deriveProgress(application('denied', 'risk_assessment', history(...UP_TO_RISK, 'risk_assessment')), false)
    expect(deriveTime(progress, START + 3_600_000)).toMatchObject({ running: 4_000, suspended: 0 })
  })

  it('leaves out what has no readable time', () => {
    const logs = history('submitted', 'validating').map((entry) => ({ ...entry, timestamp: 'yesterday' }))
    expect(deriveTime(deriveProgress(application('processing', 'validating', logs), false), START).spans).toEqual([])
  })
})

it('draws the replay tag once', () => {
  const [entry] = history('replay:validating')
  expect(entry && plainMessage(entry)).toBe('about validating')
})
