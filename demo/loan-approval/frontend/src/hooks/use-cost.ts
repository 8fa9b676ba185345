import { useEffect, useState } from 'react'
import type { Engine } from '../api/application'
import type { Cost } from '../api/cost'
import { readCost } from '../api/read-cost'

/** Milliseconds between two reads while it runs. */
const INTERVAL = 600

/** Follows what an application's execution uses, from when it has `begun` until it has ended. `null` until somebody says it. */
export function useCost(engine: Engine, id: string, begun: boolean): Cost | null {
  const [cost, setCost] = useState<{ id: string; cost: Cost | null }>({ id, cost: null })
  useEffect(() => {
    if (!begun) return
    const stop = new AbortController()
    void follow(engine, id, stop.signal, (read) => setCost({ id, cost: read }))
    return () => stop.abort()
  }, [engine, id, begun])
  return cost.id === id ? cost.cost : null
}

async function follow(engine: Engine, id: string, signal: AbortSignal, tell: (cost: Cost) => void): Promise<void> {
  while (!signal.aborted) {
    // A service that is away comes back; the page says elsewhere that it is away.
    const cost = await readCost(engine, id, signal).catch(() => null)
    if (signal.aborted) return
    if (cost !== null) {
      tell(cost)
      if (isOver(cost)) return
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL))
  }
}

/** The last invocation is recorded a moment after the end of its execution. */
function isOver(cost: Cost): boolean {
  return cost.endedAt !== null && cost.compute.length > 0 && cost.compute.every((span) => span.endedAt !== null)
}
