/** The loan API's three calls, each with a bound on time and one kind of error per remedy. */

import type { Application, Decision, Engine, NewApplication } from './application'
import { API_URL } from '../settings'
import { parseApplication, parseApplied, parseMessage, UnexpectedShape } from './parse'

/** Milliseconds. A status read takes a few; the first call may start a function process, which takes longer. */
const ANSWER_TIMEOUT = 10_000

/** Nobody answered: the API is down, or somebody else has its port. */
export class ApiUnreachable extends Error {
  override name = 'ApiUnreachable'
  /** When it was asked, in milliseconds since the epoch. */
  readonly askedAt: number

  constructor(message: string, askedAt: number, options?: ErrorOptions) {
    super(message, options)
    this.askedAt = askedAt
  }
}

/** The API answered, and said no. */
export class ApiRefused extends Error {
  override name = 'ApiRefused'
  readonly statusCode: number

  constructor(statusCode: number, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}

export type ApiError = ApiUnreachable | ApiRefused | UnexpectedShape

export function isApiError(error: unknown): error is ApiError {
  return error instanceof ApiUnreachable || error instanceof ApiRefused || error instanceof UnexpectedShape
}

async function call(path: string, init: RequestInit, cancel?: AbortSignal): Promise<unknown> {
  const askedAt = Date.now()
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT)
  const signal = cancel ? AbortSignal.any([cancel, timeout]) : timeout
  let response: Response
  let body: string
  try {
    response = await fetch(`${API_URL}${path}`, { ...init, signal })
    body = await response.text()
  } catch (cause) {
    if (cancel?.aborted) throw cause
    const what = timeout.aborted ? `No answer within ${ANSWER_TIMEOUT / 1000} seconds from` : 'No connection to'
    throw new ApiUnreachable(`${what} the API at ${API_URL}.`, askedAt, { cause })
  }
  const json = parseJson(body)
  if (!response.ok) throw new ApiRefused(response.status, parseMessage(json) ?? `The API answered with status ${response.status}.`)
  return json
}

/** A body that is no JSON becomes `undefined`, which every parser refuses by name. */
function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function post(path: string, body: unknown): Promise<unknown> {
  return call(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
}

/** Submits an application to an engine and answers its id. */
export async function apply(application: NewApplication, engine: Engine): Promise<string> {
  const { loanAmount, ...rest } = application
  return parseApplied(await post('/apply', { ...rest, loan_amount: loanAmount, engine }))
}

/** Reads where an application stands. */
export async function readApplication(id: string, cancel: AbortSignal): Promise<Application> {
  return parseApplication(await call(`/status/${encodeURIComponent(id)}`, { cache: 'no-store' }, cancel))
}

/** Sends the manager's decision. `ApiRefused` with 409 means that it was already given. */
export async function decide(id: string, decision: Decision): Promise<void> {
  await post(`/approve/${encodeURIComponent(id)}`, decision)
}

/** Whether anybody answers at the API's address; any HTTP answer counts, so no function has to run for it. */
export async function isReachable(cancel: AbortSignal): Promise<boolean> {
  const signal = AbortSignal.any([cancel, AbortSignal.timeout(ANSWER_TIMEOUT)])
  try {
    await fetch(`${API_URL}/`, { mode: 'no-cors', cache: 'no-store', signal })
    return true
  } catch {
    return false
  }
}
