import { describe, expect, it } from 'vitest'
import { parseApplication, parseApplied, parseMessage } from './parse'

const RUNNING = {
  application_id: 'LOAN-1760000000-A1B2',
  status: 'processing',
  current_step: 'validating',
  applicant_name: 'Alice Johnson',
  loan_amount: 150000,
  logs: [{ timestamp: '2026-01-15T10:00:00Z', step: 'submitted', message: 'Application received', level: 'info' }],
  result: null,
  created_at: '2026-01-15T10:00:00Z',
}

const APPROVED = {
  ...RUNNING,
  status: 'approved',
  current_step: 'complete',
  result: { status: 'approved', offer_id: 'OFFER-1', loan_amount: 150000, annual_rate: 7.5, monthly_payment: 3005.69, term_months: 60, disbursement_ref: 'DSB-1' },
}

describe('the status', () => {
  it('is read with its result', () => {
    expect(parseApplication(RUNNING)).toMatchObject({ id: 'LOAN-1760000000-A1B2', status: 'processing', result: null })
    expect(parseApplication(APPROVED).result).toMatchObject({ kind: 'approved', annualRate: 7.5, termMonths: 60 })
    const denied = { ...RUNNING, status: 'denied', current_step: 'risk_assessment', result: { reason: 'Low scores' } }
    expect(parseApplication(denied).result).toEqual({ kind: 'denied', reason: 'Low scores', riskTier: null, averageScore: null })
  })

  it('says which engine carries it', () => {
    expect(parseApplication(RUNNING).engine).toBe('durable')
    expect(parseApplication({ ...RUNNING, engine: 'state-machine' }).engine).toBe('state-machine')
    expect(() => parseApplication({ ...RUNNING, engine: 'steam' })).toThrow('`engine`: expected one of durable, state-machine')
  })

  it('may name a step outside the workflow once it failed', () => {
    expect(parseApplication({ ...RUNNING, status: 'failed', current_step: 'error' }).currentStep).toBeNull()
  })

  it('keeps a log entry of an unknown level', () => {
    const logs = [{ ...RUNNING.logs[0], level: 'trace' }]
    expect(parseApplication({ ...RUNNING, logs }).logs[0]?.level).toBe('info')
  })

  it.each<[string, unknown, string]>([
    ['no JSON', undefined, '`body`: expected an object, found nothing'],
    ['a list', [], '`body`: expected an object, found []'],
    ['a new status', { ...RUNNING, status: 'lost' }, '`status`: expected one of submitted,'],
    ['an unknown step', { ...RUNNING, current_step: 'error' }, '`current_step`: expected one of submitted,'],
    ['an amount in words', { ...RUNNING, loan_amount: '150000' }, '`loan_amount`: expected a number, found "150000"'],
    ['no logs', { ...RUNNING, logs: null }, '`logs`: expected a list, found null'],
    ['approved without terms', { ...APPROVED, result: null }, '`result`: expected an object, found null'],
    ['approved without a rate', { ...APPROVED, result: { ...APPROVED.result, annual_rate: null } }, '`annual_rate`: expected a number'],
  ])('is refused by name: %s', (_, body, message) => {
    expect(() => parseApplication(body)).toThrow(message)
  })
})

it('reads the other answers', () => {
  expect(parseApplied({ application_id: 'LOAN-1-A' })).toBe('LOAN-1-A')
  expect(() => parseApplied({})).toThrow('`application_id`')
  expect(parseMessage({ statusCode: 409, message: 'No approval is pending.' })).toBe('No approval is pending.')
  expect(parseMessage('<html>')).toBeNull()
  expect(parseMessage({ message: 5 })).toBeNull()
})
