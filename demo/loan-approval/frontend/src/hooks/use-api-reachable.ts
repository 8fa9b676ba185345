import { useCallback, useEffect, useState } from 'react'
import { watchReachable } from '../api/watch'

/** Whether the API answers, while nothing else on the page asks it. The second value asks again at once. */
export function useApiReachable(asking: boolean): [boolean, () => void] {
  const [reachable, setReachable] = useState(true)
  const [wake] = useState(() => new EventTarget())

  useEffect(() => {
    if (!asking) return
    const stop = new AbortController()
    void watchReachable(wake, stop.signal, setReachable)
    return () => {
      stop.abort()
      // What was heard before says nothing about the next time.
      setReachable(true)
    }
  }, [asking, wake])

  const recheck = useCallback(() => void wake.dispatchEvent(new Event('wake')), [wake])
  return [reachable || !asking, recheck]
}
