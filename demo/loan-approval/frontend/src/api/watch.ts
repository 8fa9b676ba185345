/** Follows one application until it ends, and the API's address until it answers. */

import { pollDelay } from '../util/poll-delay'
import { type Application, isTerminal } from './application'
import { type ApiError, ApiRefused, isApiError, isReachable, readApplication } from './client'

export type News =
  | { kind: 'read'; application: Application }
  | { kind: 'unknown'; message: string }
  | { kind: 'trouble'; error: ApiError; failures: number }

const NOT_FOUND = 404

/** Ends when the application has ended, when the API does not know it, or when `signal` aborts. `wake` reads at once. */
export async function watchApplication(id: string, wake: EventTarget, signal: AbortSignal, tell: (news: News) => void): Promise<void> {
  let failures = 0
  while (!signal.aborted) {
    try {
      const application = await readApplication(id, signal)
      failures = 0
      tell({ kind: 'read', application })
      if (isTerminal(application.status)) return
    } catch (error) {
      if (signal.aborted) return
      if (!isApiError(error)) throw error
      if (error instanceof ApiRefused && error.statusCode === NOT_FOUND) return tell({ kind: 'unknown', message: error.message })
      failures += 1
      tell({ kind: 'trouble', error, failures })
    }
    await pause(pollDelay(failures, document.hidden), wake, signal)
  }
}

/** Asks until the API answers, then again only when woken, when the page is looked at again or the network returns. */
export async function watchReachable(wake: EventTarget, signal: AbortSignal, tell: (reachable: boolean) => void): Promise<void> {
  let failures = 0
  while (!signal.aborted) {
    const reachable = await isReachable(signal)
    if (signal.aborted) return
    tell(reachable)
    failures = reachable ? 0 : failures + 1
    await pause(reachable ? null : pollDelay(failures, document.hidden), wake, signal)
  }
}

/** Waits for `delay` milliseconds (`null`: for ever), or until there is a reason to look earlier. */
function pause(delay: number | null, wake: EventTarget, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = new AbortController()
    const listening = { signal: over.signal }
    const finish = () => {
      clearTimeout(timer)
      over.abort()
      resolve()
    }
    const timer = delay === null ? undefined : setTimeout(finish, delay)
    document.addEventListener('visibilitychange', () => !document.hidden && finish(), listening)
    window.addEventListener('online', finish, listening)
    wake.addEventListener('wake', finish, listening)
    signal.addEventListener('abort', finish, listening)
    if (signal.aborted) finish()
  })
}
