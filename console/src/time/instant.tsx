import { useTimeMode } from '../preferences/time-mode'
import { formatDuration, formatInstant, formatRelative, formatRunning, formatShortInstant } from './format'
import { useNow } from './now'

/** An instant as the reader likes it; the tooltip has it in every way. */
export function Instant({ at, isShort = false }: { at: number | null | undefined; isShort?: boolean }) {
  if (at === null || at === undefined) return <span className="secondary">–</span>
  return <KnownInstant at={at} isShort={isShort} />
}

function KnownInstant({ at, isShort }: { at: number; isShort: boolean }) {
  const [mode] = useTimeMode()
  const now = useNow()
  const all = `${formatInstant(at, 'local', now)} local time\n${formatInstant(at, 'utc', now)}\n${formatRelative(at, now)}`
  return (
    <time dateTime={new Date(at).toISOString()} title={all} className="figure">
      {isShort ? formatShortInstant(at, mode, now) : formatInstant(at, mode, now)}
    </time>
  )
}

/** How long something took, or has taken so far. */
export function Elapsed({ from, to }: { from: number; to: number | null | undefined }) {
  return to === null || to === undefined ? <Running from={from} /> : <span className="figure">{formatDuration(to - from)}</span>
}

function Running({ from }: { from: number }) {
  const now = useNow()
  return <span className="figure">{formatRunning(now - from)}</span>
}

/** `in 3 min`, counting down. */
export function Countdown({ to }: { to: number }) {
  const now = useNow()
  return (
    <span className="figure" title={new Date(to).toISOString()}>
      {to <= now ? 'due' : formatRelative(to, now)}
    </span>
  )
}
