import { useEffect, useState } from 'react'

/** Milliseconds between ticks: a clock with tenths of a second that does not look stuck. */
const TICK = 100

/** Milliseconds since the epoch, moving while `ticking`. */
export function useNow(ticking: boolean): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!ticking) return
    const timer = setInterval(() => setNow(Date.now()), TICK)
    return () => clearInterval(timer)
  }, [ticking])
  return now
}
