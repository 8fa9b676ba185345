/** One clock for the page: everything that counts does so together, and stands still while nobody looks. */

import { useSyncExternalStore } from 'react'
import { serverNow } from './ahead'

/** Milliseconds between two ticks. */
const TICK = 1_000

let now = serverNow()
let timer: ReturnType<typeof setInterval> | undefined
const listeners = new Set<() => void>()

function tick(): void {
  if (document.hidden) return
  now = serverNow()
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (timer === undefined) {
    now = serverNow()
    timer = setInterval(tick, TICK)
    document.addEventListener('visibilitychange', tick)
  }
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
    document.removeEventListener('visibilitychange', tick)
  }
}

/** Epoch milliseconds, new each second. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now)
