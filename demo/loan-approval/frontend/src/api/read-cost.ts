/** Asks the service what an execution used. */

import { costUrl } from '../settings'
import type { Engine } from './application'
import { type Cost, parseCost } from './cost'

/** Milliseconds. The service reads the event history for it. */
const ANSWER_TIMEOUT = 10_000

/** Reads it; `null` where there is no service that could say, or no such execution yet. Rejects where it cannot be reached. */
export async function readCost(engine: Engine, id: string, cancel: AbortSignal): Promise<Cost | null> {
  const url = costUrl(engine, id)
  if (url === null) return null
  const signal = AbortSignal.any([cancel, AbortSignal.timeout(ANSWER_TIMEOUT)])
  const response = await fetch(url, { cache: 'no-store', signal })
  return response.ok ? parseCost(await response.json()) : null
}
