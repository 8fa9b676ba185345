import { runs, scaleTo, timeTicks } from './scale'
import { clockMinute, plotSides, type Series } from './series'

const HEIGHT = 150
const TOP = 8
const BOTTOM = HEIGHT - 20

interface Props {
  width: number
  series: readonly Series[]
  format: (value: number) => string
  whole: boolean
  utc: boolean
  /** Index of the instant that is pointed at; -1 for none. */
  pointed: number
}

/** Axes, bars and lines. For the eye only: the chart around it speaks. */
export function Plot({ width, series, format, whole, utc, pointed }: Props) {
  const instants = series[0]?.points.map(({ at }) => at) ?? []
  const [start, end] = plotSides(width)
  const slot = (end - start) / Math.max(1, instants.length)
  const scale = scaleTo(Math.max(0, ...series.flatMap(({ points }) => points.map(({ value }) => value ?? 0))), whole)
  const first = instants[0] ?? 0
  const step = (instants[1] ?? first + 60_000) - first
  const x = (at: number) => start + ((at - first) / step + 0.5) * slot
  const y = (value: number) => BOTTOM - (value / scale.max) * (BOTTOM - TOP)
  const pointedAt = instants[pointed]

  return (
    <svg width={width} height={HEIGHT} aria-hidden="true" className="plot">
      {scale.ticks.map((tick) => (
        <g key={tick}>
          <line className={tick === 0 ? 'chart-axis' : 'chart-grid'} x1={start} x2={end} y1={Math.round(y(tick)) + 0.5} y2={Math.round(y(tick)) + 0.5} />
          <text className="chart-tick" x={start - 8} y={y(tick) + 4} textAnchor="end">
            {format(tick)}
          </text>
        </g>
      ))}
      {timeTicks(first, instants.at(-1) ?? first, Math.max(2, Math.floor((end - start) / 70))).map((at) => (
        <text key={at} className="chart-tick" x={Math.min(Math.max(x(at), start + 14), end - 14)} y={HEIGHT - 5} textAnchor="middle">
          {clockMinute(at, utc)}
        </text>
      ))}
      {pointedAt !== undefined && <rect className="chart-pointed" x={start + pointed * slot} width={Math.max(1, slot)} y={TOP} height={BOTTOM - TOP} />}
      {series.map(({ label, kind, color, dashed, points }) =>
        kind === 'bar' ? (
          <g key={label} className={`chart-fill-${color}`}>
            {points.map(({ at, value }, index) =>
              value === null || value === 0 ? null : <rect key={at} x={start + index * slot + slot * 0.1} width={Math.max(1, slot * 0.8)} y={Math.min(y(value), BOTTOM - 1.5)} height={Math.max(1.5, BOTTOM - y(value))} />,
            )}
          </g>
        ) : (
          <g key={label}>
            {runs(points).map((run) =>
              run.length === 1 && run[0] !== undefined ? (
                <circle key={run[0].at} className={`chart-fill-${color}`} cx={x(run[0].at)} cy={y(run[0].value)} r={2.5} />
              ) : (
                <polyline key={run[0]?.at} className={`chart-line chart-line-${color} ${dashed === true ? 'chart-dashed' : ''}`} points={run.map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ')} />
              ),
            )}
          </g>
        ),
      )}
      {pointedAt !== undefined &&
        series.map(({ label, kind, color, points }) => {
          const value = points[pointed]?.value
          return kind === 'line' && value !== null && value !== undefined ? <circle key={label} className={`chart-fill-${color}`} cx={x(pointedAt)} cy={y(value)} r={4} /> : null
        })}
    </svg>
  )
}
