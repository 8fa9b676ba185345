/** A clock for what is drawn as it grows. */

import { useEffect, useState } from 'react'
import { serverNow } from './ahead'

/** Milliseconds between two drawings. */
const EVERY = 250

/** Epoch milliseconds, four times a second while `runs` and the page is looked at. */
export function useFrame(runs: boolean): number {
  const [now, setNow] = useState(() => serverNow())
  useEffect(() => {
    if (!runs) return
    const timer = setInterval(() => {
      if (!document.hidden) setNow(serverNow())
    }, EVERY)
    return () => clearInterval(timer)
  }, [runs])
  return now
}
