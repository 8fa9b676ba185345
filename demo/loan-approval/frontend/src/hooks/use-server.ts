import { useCallback, useEffect, useRef, useState } from 'react'
import { killServer, mayBeKilled, nextProcess, untilBack } from '../api/server'
import type { Kill } from '../util/kill'

export interface Server {
  /** Whether this page has the button at all. */
  offered: boolean
  /** Whether it was killed, and does not answer yet. */
  gone: boolean
  /** When a killed one answered again, in milliseconds since the epoch; infinite while it is gone. */
  killedUntil: number
  /** Oldest first. */
  kills: readonly Kill[]
  /** Why it could not be killed. */
  trouble: string | null
  /** Kills it. `onBack` is called once it answers again. */
  kill: (onBack: () => void) => void
}

/** The demo's server, and what this page has done to it. */
export function useServer(): Server {
  const [offered, setOffered] = useState(false)
  const [kills, setKills] = useState<readonly Kill[]>([])
  const [trouble, setTrouble] = useState<string | null>(null)
  const under = useRef(false)

  useEffect(() => {
    const left = new AbortController()
    void mayBeKilled(left.signal).then((may) => !left.signal.aborted && setOffered(may))
    return () => left.abort()
  }, [])

  const kill = useCallback(
    (onBack: () => void) => {
      if (under.current) return
      under.current = true
      setTrouble(null)
      const run = async () => {
        const process = await killServer()
        // Nothing was recorded after the kill, so that the moment of the answer parts before from after.
        const at = Date.now()
        const began = performance.now()
        const told = { process, at, away: null, next: null }
        setKills((old) => [...old, told])
        await untilBack()
        const away = performance.now() - began
        const back = { ...told, away, next: await nextProcess() }
        setKills((old) => old.map((one) => (one === told ? back : one)))
        onBack()
      }
      run()
        .catch((error: unknown) => setTrouble(error instanceof Error ? error.message : String(error)))
        .finally(() => {
          under.current = false
        })
    },
    [],
  )
  const last = kills.at(-1)
  const gone = last?.away === null
  const killedUntil = last === undefined ? 0 : gone ? Infinity : last.at + (last.away ?? 0)
  return { offered, gone, killedUntil, kills, trouble, kill }
}
