/** A clock for what is drawn as it grows. */

import { useEffect, useState } from 'react'

/** Milliseconds between two drawings. */
const EVERY = 250

/** Epoch milliseconds, four times a second while `runs` and the page is looked at. */
export function useFrame(runs: boolean): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!runs) return
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now())
    }, EVERY)
    return () => clearInterval(timer)
  }, [runs])
  return now
}
