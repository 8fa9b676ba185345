import type { Engine } from '../../api/application'
import type { Cost } from '../../api/cost'
import { executionUrl } from '../../settings'
import { count, duration, gap, price } from '../../util/format'
import { axisLength, ticks } from '../../util/timeline'
import type { Kill } from '../../util/kill'
import { ENGINE_TEXT, PHASE_TEXT, STEP_TEXT } from '../../util/workflow'
import type { SideLane } from './side'

/** Percent: a stage that is narrower has no room for its name. */
const LABEL_FROM = 7

interface Props {
  lanes: readonly SideLane[]
  live: boolean
  /** Milliseconds since the epoch, where the axis begins. */
  begin: number
  now: number
  kills: readonly Kill[]
}

/** Both executions on one axis of time: what each is at, and below it when functions run for it. */
export function Axis({ lanes, live, begin, now, kills }: Props) {
  const length = axisLength(lanes.map(({ lane }) => lane))
  const at = (milliseconds: number) => `${(Math.max(0, milliseconds) / length) * 100}%`
  const gaps = kills.flatMap(({ at: killedAt, away, process }) => {
    const from = killedAt - begin
    return from < 0 || from > length ? [] : [{ process, from, length: away ?? Math.max(0, now - killedAt) }]
  })
  const most = Math.max(1, ...lanes.flatMap(({ lane }) => lane.compute.map((span) => span.at)))
  return (
    <div className="axis" data-live={live}>
      {lanes.map(({ side, lane }) => {
        const { label, tone } = PHASE_TEXT[side.progress.phase]
        const url = executionUrl(side.engine, side.id)
        return (
          <section key={side.engine} className="lane" aria-label={ENGINE_TEXT[side.engine].label}>
            <div className="lane-head">
              <h3>{ENGINE_TEXT[side.engine].label}</h3>
              <span className="badge" data-tone={tone}>
                {label}
              </span>
              <span className="lane-time">{duration(lane.elapsed)}</span>
              {side.cost && <span className="lane-meter">{meter(side.engine, side.cost)}</span>}
              {url && (
                <a className="link lane-link" href={url} target="_blank" rel="noreferrer">
                  Execution<span className="visually-hidden"> of the {ENGINE_TEXT[side.engine].label.toLowerCase()}</span>
                </a>
              )}
            </div>
            <div className="lane-track" aria-hidden="true">
              {lane.stages.map((span) => {
                const percent = ((span.to - span.from) / length) * 100
                return (
                  <span key={span.step} className="lane-span" data-kind={span.kind} style={{ left: at(span.from), width: `${percent}%` }} title={`${STEP_TEXT[span.step].label}: ${duration(span.to - span.from)}`}>
                    {percent >= LABEL_FROM && <span>{STEP_TEXT[span.step].label}</span>}
                  </span>
                )
              })}
              {gaps.map((span) => (
                <span key={span.from} className="lane-gap" style={{ left: at(span.from), width: at(span.length) }} title={`kill -9 ${span.process}: no server for ${gap(span.length)}`} />
              ))}
            </div>
            <div className="lane-compute" aria-hidden="true">
              {lane.compute.map((span) => (
                <span key={span.from} style={{ left: at(span.from), width: at(span.to - span.from), height: `${(span.at / most) * 100}%` }} title={`${span.at} at once`} />
              ))}
            </div>
          </section>
        )
      })}
      <div className="axis-ticks" aria-hidden="true">
        {ticks(length).map((tick) => (
          <span key={tick} style={{ left: at(tick) }}>
            {tick / 1000} s
          </span>
        ))}
      </div>
      <ul className="axis-key">
        <li data-kind="running">Working</li>
        <li data-kind="suspended">Waiting for somebody</li>
        <li data-kind="compute">Functions running, as high as there are at once</li>
        {gaps.length > 0 && <li data-kind="gap">Server killed, until it answers</li>}
      </ul>
    </div>
  )
}

/** The figures that change as one looks on. */
function meter(engine: Engine, cost: Cost): string {
  const most = cost.totals.at(-1)
  const paid = most ? ` · ${price(most.total)} for ${count(most.runs)} runs` : ''
  return `${count(cost.operations + cost.transitions)} ${ENGINE_TEXT[engine].unit} · ${count(cost.invocations)} invocations${paid}`
}
