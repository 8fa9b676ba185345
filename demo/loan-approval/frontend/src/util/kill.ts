/** What a kill of the server cut off, as the event histories have it. */

import type { Engine } from '../api/application'
import type { Cost } from '../api/cost'

/** The server was killed. */
export interface Kill {
  /** The process that was. */
  process: number
  /** Milliseconds since the epoch. */
  at: number
  /** Milliseconds until it answered again; `null` before. */
  away: number | null
  /** The process that it is now, where that is known. */
  next: number | null
}

export interface Damage {
  /** Invocations of the durable function that were cut off, and repeated. */
  repeated: number
  /** Steps, or tasks, that had ended and did not run again. */
  kept: number
  /** Those that were under way, and ran once more. */
  again: number
}

/** What a kill was for one execution. `null` where it had not begun, or was over. */
export function damageOf(engine: Engine, cost: Cost, at: number): Damage | null {
  if (cost.startedAt > at || (cost.endedAt !== null && cost.endedAt <= at)) return null
  const own = cost.compute.filter((span) => span.function === cost.function)
  const work = engine === 'durable' ? cost.steps : cost.compute
  const begun = work.filter((span) => span.beganAt <= at)
  const kept = begun.filter((span) => span.endedAt !== null && span.endedAt <= at).length
  return {
    repeated: own.filter((span) => span.isLost && span.beganAt <= at && (span.endedAt ?? at) >= at).length,
    kept,
    again: begun.length - kept,
  }
}

const WORK: Record<Engine, [one: string, many: string]> = { durable: ['step', 'steps'], 'state-machine': ['task', 'tasks'] }

/** What is said about it, in sentences. */
export function damageText(engine: Engine, damage: Damage): string {
  const [one, many] = WORK[engine]
  const { repeated, kept, again } = damage
  const keptText = kept === 0 ? `No ${one} had ended yet.` : `${kept} ${kept === 1 ? one : many} had ended: recorded, and not run again.`
  const invocation = repeated > 0 ? ' Its invocation was repeated.' : ''
  if (again === 0) return `${keptText} None was under way, so nothing runs twice.${invocation}`
  const againText = again === 1 ? `1 ${one} was under way, and runs once more.` : `${again} ${many} were under way, and run once more.`
  return `${keptText} ${againText}${invocation}`
}
