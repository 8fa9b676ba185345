import { duration } from '../util/format'
import type { TimeSpent } from '../util/progress'
import { STEP_TEXT } from '../util/workflow'

/** The time so far, to scale: what ran, and what cost nothing. */
export function TimeBar({ time }: { time: TimeSpent }) {
  if (time.spans.length === 0) return null
  return (
    <section className="time" aria-label="Time spent">
      <div className="time-bar" aria-hidden="true">
        {time.spans.map((span) => (
          <span key={span.step} data-kind={span.kind} style={{ flexGrow: span.length }} title={`${STEP_TEXT[span.step].label}: ${duration(span.length)}`} />
        ))}
      </div>
      <dl className="time-key">
        <div data-kind="running">
          <dt>Running</dt>
          <dd>{duration(time.running)}</dd>
        </div>
        <div data-kind="suspended">
          <dt>Suspended, no process held</dt>
          <dd>{duration(time.suspended)}</dd>
        </div>
      </dl>
    </section>
  )
}
