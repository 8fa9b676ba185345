import type { Application, Engine } from '../../api/application'
import type { Cost } from '../../api/cost'
import type { Progress } from '../../util/progress'
import type { Lane } from '../../util/timeline'

/** One engine's side of the comparison. */
export interface Side {
  engine: Engine
  id: string
  application: Application
  progress: Progress
  cost: Cost | null
}

/** A side, and how its time went. */
export interface SideLane {
  side: Side
  lane: Lane
}
