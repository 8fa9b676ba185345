/**
 * The demo's server as a process that may be killed. Only `lambdura demo` has a button for it
 * (`crates/loan-demo/src/button.rs`); it serves this page from a process of its own, which stays.
 */

import { SERVER_URL } from '../settings'
import { isReachable } from './client'
import { fields, number, optional, parseMessage } from './parse'

/** Milliseconds between two looks at a server that is gone: the gap is told as exactly as this. */
const LOOK_EVERY = 25

/** Milliseconds. Whoever serves the page answers at once. */
const ANSWER_TIMEOUT = 5_000

/** Whether the server may be killed from here. */
export async function mayBeKilled(cancel: AbortSignal): Promise<boolean> {
  if (SERVER_URL === null) return false
  const signal = AbortSignal.any([cancel, AbortSignal.timeout(ANSWER_TIMEOUT)])
  return fetch(SERVER_URL, { cache: 'no-store', signal }).then(
    (response) => response.ok,
    () => false,
  )
}

/** Kills the server with `SIGKILL`, and answers the process that it was. Rejects with a sentence. */
export async function killServer(): Promise<number> {
  const response = await fetch(`${SERVER_URL}/kill`, { method: 'POST', signal: AbortSignal.timeout(ANSWER_TIMEOUT) })
  const body: unknown = await response.json()
  if (!response.ok) throw new Error(parseMessage(body) ?? `The answer was ${response.status}.`)
  return number(fields(body, 'body'), 'killed')
}

/** Waits until a server answers again. */
export async function untilBack(): Promise<void> {
  const { signal } = new AbortController()
  while (!(await isReachable(signal))) await lookAgain()
}

/** The process that the server is now; `null` where nobody says it in time. It answers a moment before that is known. */
export async function nextProcess(): Promise<number | null> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT)
  while (!signal.aborted) {
    const process = await readProcess(signal).catch(() => null)
    if (process !== null) return process
    await lookAgain()
  }
  return null
}

async function readProcess(signal: AbortSignal): Promise<number | null> {
  const response = await fetch(`${SERVER_URL}`, { cache: 'no-store', signal })
  return optional(number, fields(await response.json(), 'body'), 'process')
}

function lookAgain(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_EVERY))
}
