import type { ReactNode } from 'react'
import { bytes, count, duration, price } from '../../util/format'
import { ENGINE_TEXT, PHASE_TEXT } from '../../util/workflow'
import type { SideLane } from './side'

interface Row {
  name: string
  note?: string
  value: (lane: SideLane) => ReactNode
}

const UNKNOWN = '…'

const counted = LINES

/** The meters of both, as the service counted them. */
const ROWS: readonly Row[] = [
  { name: 'Outcome', value: ({ side }) => PHASE_TEXT[side.progress.phase].label },
  { name: 'Time', note: 'from the application to its end', value: ({ lane }) => duration(lane.elapsed) },
  { name: 'Invocations', note: 'of functions', value: ({ side }) => (side.cost ? count(side.cost.invocations) : UNKNOWN) },
  {
    name: 'Operations or transitions',
    note: 'what the orchestration is paid by',
    value: ({ side }) => (side.cost ? `${count(side.cost.operations + side.cost.transitions)} ${ENGINE_TEXT[side.engine].unit}` : UNKNOWN),
  },
  {
    name: 'Bytes written',
    note: 'inputs, results and errors',
    value: ({ side }) => {
      if (!side.cost) return UNKNOWN
      return `${bytes(side.cost.bytes)}${side.cost.bytesArePaid ? '' : ', not paid for'}`
    },
  },
  {
    name: 'Retention',
    note: 'of what was written, until it is removed',
    value: ({ side }) => {
      if (!side.cost) return UNKNOWN
      return side.cost.byteMonths > 0 ? `${bytes(side.cost.byteMonths)} × months` : 'not paid for'
    },
  },
  { name: 'Compute', note: 'memory times time of all functions', value: ({ side }) => (side.cost ? `${side.cost.gbSeconds.toFixed(2)} GB-seconds` : UNKNOWN) },
  {
    name: 'Holds compute while it waits',
    note: 'functions that ran while somebody was waited for',
    value: ({ side, lane }) => (side.cost ? heldWhileWaiting(lane) : UNKNOWN),
  },
  {
    name: 'Lines that say the flow',
    note: 'counted when this page was built',
    value: ({ side }) => `${count(counted.flow[side.engine].lines)} in ${fileName(counted.flow[side.engine].files[0])}`,
  },
  { name: 'Lines around it', note: 'the rules are shared, and in neither', value: ({ side }) => count(counted.around[side.engine].lines) },
]

export function Figures({ lanes, offersKill }: { lanes: readonly SideLane[]; offersKill: boolean }) {
  const priced = lanes.find(({ side }) => side.cost)?.side.cost
  const totals = priced?.totals ?? []
  return (
    <section className="card figures" aria-labelledby="figures-heading">
      <h2 id="figures-heading">Figures</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span className="visually-hidden">Meter</span>
            </th>
            {lanes.map(({ side }) => (
              <th key={side.engine} scope="col">
                {ENGINE_TEXT[side.engine].label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ROWS.map((row) => (
            <tr key={row.name}>
              <th scope="row">
                {row.name}
                {row.note && <small>{row.note}</small>}
              </th>
              {lanes.map((lane) => (
                <td key={lane.side.engine}>{row.value(lane)}</td>
              ))}
            </tr>
          ))}
          <tr>
            <th scope="row">
              At <code>kill -9</code>
              <small>
                {offersKill ? (
                  <>try it: “Kill the server”, while they run</>
                ) : (
                  <>
                    try it: <code>lambdura demo</code> has a button for it
                  </>
                )}
              </small>
            </th>
            {lanes.map(({ side }) => (
              <td key={side.engine} className="figures-words">
                {ENGINE_TEXT[side.engine].killed}
              </td>
            ))}
          </tr>
          {totals.map(({ runs }, index) => (
            <tr key={runs} className="figures-money">
              <th scope="row">
                {runs === 1 ? 'One run on AWS' : `${count(runs)} runs`}
                {index === 0 && <small>in US dollars, by list prices</small>}
              </th>
              {lanes.map(({ side }) => (
                <td key={side.engine}>{side.cost ? price(side.cost.totals[index]?.total ?? 0) : UNKNOWN}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {priced ? (
        <details className="figures-assumptions">
          <summary>
            AWS’s list prices in {priced.prices.region} of {priced.prices.readOn}, and what is assumed
          </summary>
          <ul>
            {priced.assumptions.map((assumption) => (
              <li key={assumption}>{assumption}</li>
            ))}
          </ul>
          <p>
            {priced.prices.sources.map((source) => (
              <a key={source} className="link" href={source} target="_blank" rel="noreferrer">
                {source}
              </a>
            ))}
          </p>
        </details>
      ) : (
        <p className="figures-note">What was counted is said by Lambdura, which this page does not reach.</p>
      )}
    </section>
  )
}

/** How long functions ran while it waited: starting and ending a wait takes a moment of them. */
function heldWhileWaiting({ stages, compute }: SideLane['lane']): string {
  const waits = stages.filter((span) => span.kind === 'suspended')
  const waited = waits.reduce((sum, span) => sum + span.to - span.from, 0)
  if (waited === 0) return 'it never waited'
  const overlap = (span: { from: number; to: number }) => waits.reduce((sum, wait) => sum + Math.max(0, Math.min(span.to, wait.to) - Math.max(span.from, wait.from)), 0)
  const held = compute.reduce((sum, span) => sum + overlap(span), 0)
  return `${(held / 1000).toFixed(2)} s of ${duration(waited)}`
}

function fileName(path: string | undefined): string {
  return path?.split('/').at(-1) ?? ''
}
