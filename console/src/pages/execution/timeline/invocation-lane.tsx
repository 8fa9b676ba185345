import { formatDuration } from '../../../time/format'
import type { Invocation, Pause } from '../model/history'
import { replayText } from './invocation-story'
import { type Drawn, placed } from './place'

interface Props extends Drawn {
  invocations: readonly Invocation[]
  pauses: readonly Pause[]
  chosen: number | null
  onChoose: (number: number | null) => void
}

/** When a process was at work: what it replayed is hatched, what it did is solid. */
export function InvocationLane({ invocations, pauses, chosen, onChoose, ...drawn }: Props) {
  return (
    <div className="lane">
      {drawn.axis.breaks.map(({ from, to }) => {
        const style = placed(drawn, from, to)
        return style !== null && <span key={from} className="lane-break" style={style} aria-hidden="true" />
      })}
      {pauses.map(({ from, to }) => {
        const style = placed(drawn, from, to ?? drawn.now)
        return (
          style !== null && (
            <span key={from} className="lane-pause" style={style} title="Paused">
              paused
            </span>
          )
        )
      })}
      {invocations.map((invocation) => {
        const { number, startedAt, endedAt, replayedUntil } = invocation
        const end = endedAt ?? drawn.now
        const style = placed(drawn, startedAt, end)
        if (style === null) return null
        const length = drawn.axis.place(end) - drawn.axis.place(startedAt)
        const replayed = length <= 0 ? 0 : ((drawn.axis.place(Math.min(replayedUntil, end)) - drawn.axis.place(startedAt)) / length) * 100
        return (
          <button
            key={number}
            type="button"
            className={`invocation${endedAt === null ? ' invocation-active' : ''}${invocation.failed ? ' invocation-failed' : ''}`}
            style={style}
            aria-pressed={chosen === number}
            aria-label={`Invocation ${number}: ran ${formatDuration(end - startedAt)}, ${invocation.endedBecause}`}
            title={`Invocation ${number}\nbrought back by: ${invocation.broughtBackBy}\n${replayText(invocation)}\nrecorded ${invocation.recorded} events in ${formatDuration(end - replayedUntil)}\n${invocation.endedBecause}`}
            onClick={() => onChoose(chosen === number ? null : number)}
          >
            <span className="invocation-replayed" style={{ inlineSize: `${replayed}%` }} />
            <span className="invocation-live" />
            <span className="invocation-number">{number}</span>
          </button>
        )
      })}
    </div>
  )
}
