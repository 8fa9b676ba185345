/** How well the server is, of what it tells about itself. */

import type { System } from '../../api/types'
import { formatDuration } from '../../time/format'

/** A deadline that is so late is worth a warning: the work itself delays them by less. */
const LATE_MS = 5_000

/** Deadlines are read at least every thirty seconds; after this the server itself says that they stand still. */
const SILENT_MS = 75_000

/** How the timers do, in words. */
export function timerPulse({ timers, now_at: now }: Pick<System, 'timers' | 'now_at'>): { text: string; isWarning: boolean } {
  const { read_at: read, lag_ms: lag } = timers
  if (read === null || read === undefined) return { text: 'Not read yet', isWarning: false }
  const ago = Math.max(0, now - read)
  if (ago > SILENT_MS) return { text: `Silent for ${formatDuration(ago)}`, isWarning: true }
  return lag > LATE_MS ? { text: `${formatDuration(lag)} late`, isWarning: true } : { text: 'On time', isWarning: false }
}
