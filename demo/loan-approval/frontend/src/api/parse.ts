/** Turns the API's JSON into our types, or says where it differs. Nothing unchecked gets past this file. */

import {
  type Application,
  type ApprovedResult,
  type DeniedResult,
  ENGINES,
  type Engine,
  LEVELS,
  type Level,
  type LogEntry,
  STATUSES,
  STEPS,
  type Status,
  type Step,
} from './application'

/** The API answered with something this page does not understand. */
export class UnexpectedShape extends Error {
  override name = 'UnexpectedShape'

  constructor(path: string, expected: string, found: unknown) {
    const shown = found === undefined ? 'nothing' : JSON.stringify(found).slice(0, 80)
    super(`The API's answer has an unexpected \`${path}\`: expected ${expected}, found ${shown}.`)
  }
}

export type Fields = Record<string, unknown>

export function fields(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UnexpectedShape(path, 'an object', value)
  return value as Fields
}

export function text(from: Fields, name: string): string {
  const value = from[name]
  if (typeof value !== 'string') throw new UnexpectedShape(name, 'a string', value)
  return value
}

export function number(from: Fields, name: string): number {
  const value = from[name]
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new UnexpectedShape(name, 'a number', value)
  return value
}

/** A list, each entry of which `read` reads. */
export function list<T>(from: Fields, name: string, read: (value: unknown) => T): readonly T[] {
  const value = from[name]
  if (!Array.isArray(value)) throw new UnexpectedShape(name, 'a list', value)
  return value.map(read)
}

/** A field that may be absent or `null`. */
export function optional<T>(read: (from: Fields, name: string) => T, from: Fields, name: string): T | null {
  return from[name] === undefined || from[name] === null ? null : read(from, name)
}

function member<T extends string>(values: readonly T[], value: unknown): T | null {
  return values.find((candidate) => candidate === value) ?? null
}

export function isStep(value: string): value is Step {
  return member(STEPS, value) !== null
}

function logEntry(value: unknown): LogEntry {
  const entry = fields(value, 'logs[]')
  return {
    timestamp: text(entry, 'timestamp'),
    step: text(entry, 'step'),
    message: text(entry, 'message'),
    // A level of the future is still worth reading; the message matters, not its colour.
    level: member<Level>(LEVELS, entry['level']) ?? 'info',
  }
}

function approvedResult(from: Fields): ApprovedResult {
  return {
    kind: 'approved',
    offerId: text(from, 'offer_id'),
    loanAmount: number(from, 'loan_amount'),
    annualRate: number(from, 'annual_rate'),
    monthlyPayment: number(from, 'monthly_payment'),
    termMonths: number(from, 'term_months'),
    disbursementRef: text(from, 'disbursement_ref'),
  }
}

function deniedResult(from: Fields): DeniedResult {
  return {
    kind: 'denied',
    reason: text(from, 'reason'),
    riskTier: optional(text, from, 'risk_tier'),
    averageScore: optional(number, from, 'average_score'),
  }
}

const RESULT: Record<Status, ((from: Fields) => ApprovedResult | DeniedResult) | null> = {
  submitted: null,
  processing: null,
  pending_approval: null,
  approved: approvedResult,
  denied: deniedResult,
  failed: null,
}

/** Reads the answer of `GET /status/{applicationId}`. Throws `UnexpectedShape`. */
export function parseApplication(body: unknown): Application {
  const from = fields(body, 'body')
  const status = member<Status>(STATUSES, from['status'])
  if (status === null) throw new UnexpectedShape('status', `one of ${STATUSES.join(', ')}`, from['status'])
  const step = text(from, 'current_step')
  if (!isStep(step) && status !== 'failed') throw new UnexpectedShape('current_step', `one of ${STEPS.join(', ')}`, step)
  // An API of before there were two engines does not say which one it is.
  const engine = member<Engine>(ENGINES, optional(text, from, 'engine') ?? 'durable')
  if (engine === null) throw new UnexpectedShape('engine', `one of ${ENGINES.join(', ')}`, from['engine'])
  return {
    id: text(from, 'application_id'),
    engine,
    status,
    currentStep: isStep(step) ? step : null,
    applicantName: text(from, 'applicant_name'),
    loanAmount: number(from, 'loan_amount'),
    logs: list(from, 'logs', logEntry),
    result: RESULT[status]?.(fields(from['result'], 'result')) ?? null,
    createdAt: optional(text, from, 'created_at'),
  }
}

/** Reads the answer of `POST /apply`. Throws `UnexpectedShape`. */
export function parseApplied(body: unknown): string {
  return text(fields(body, 'body'), 'application_id')
}

/** The message of an error answer, where it has one. */
export function parseMessage(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('message' in body)) return null
  return typeof body.message === 'string' && body.message !== '' ? body.message : null
}
