import '../../styles/charts.css'
import Box from '@cloudscape-design/components/box'
import type { KeyboardEvent, PointerEvent } from 'react'
import { useTimeMode } from '../../preferences/time-mode'
import { Plot } from './plot'
import { clockMinute, plotSides, type Series } from './series'
import { useWidth } from './width'

interface Props {
  title: string
  subtitle?: string
  series: readonly Series[]
  format: (value: number) => string
  /** What is counted is whole. */
  whole?: boolean
  /** Beside the title while nothing is pointed at: the figure for the whole time. */
  summary: string
  /** The instant that is pointed at, in this chart or another one beside it. */
  pointed: number | null
  onPoint: (at: number | null) => void
}

/** A chart over time. What is pointed at is read above it, so that nothing covers the lines. */
export function TimeChart({ title, subtitle, series, format, whole = false, summary, pointed, onPoint }: Props) {
  const [measure, width] = useWidth()
  const [timeMode] = useTimeMode()
  const utc = timeMode === 'utc'
  const instants = series[0]?.points.map(({ at }) => at) ?? []
  const index = pointed === null ? -1 : instants.indexOf(pointed)
  const last = instants.length - 1

  const point = (to: number) => onPoint(instants[Math.min(last, Math.max(0, to))] ?? null)
  const onKeyDown = (event: KeyboardEvent) => {
    const from = index === -1 ? last : index
    const target = { ArrowLeft: from - 1, ArrowRight: from + 1, PageUp: from - 10, PageDown: from + 10, Home: 0, End: last }[event.key]
    if (event.key === 'Escape') onPoint(null)
    if (target === undefined) return
    event.preventDefault()
    point(target)
  }
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    const [start, end] = plotSides(box.width)
    point(Math.floor(((event.clientX - box.left - start) / Math.max(1, end - start)) * instants.length))
  }
  const at = instants[index]
  const read = (value: number | null | undefined) => (value === null || value === undefined ? '–' : format(value))
  const spoken = at === undefined ? summary : `${clockMinute(at, utc)}: ${series.map(({ label, points }) => `${label} ${read(points[index]?.value)}`).join(', ')}`

  return (
    <figure className="time-chart">
      <figcaption>
        <Box variant="h4" tagOverride="h3" padding="n">
          {title}
        </Box>
        <span className="chart-reading figure">
          {at === undefined ? (
            <span>{summary}</span>
          ) : (
            <>
              <span>{clockMinute(at, utc)}</span>
              {series.length === 1 && <strong>{read(series[0]?.points[index]?.value)}</strong>}
            </>
          )}
        </span>
      </figcaption>
      {subtitle !== undefined && <div className="secondary wrap-anywhere">{subtitle}</div>}
      <div
        ref={measure}
        className="chart-area"
        role="slider"
        tabIndex={0}
        aria-label={`${title}, minute by minute`}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, last)}
        aria-valuenow={index === -1 ? Math.max(0, last) : index}
        aria-valuetext={spoken}
        onKeyDown={onKeyDown}
        onBlur={() => onPoint(null)}
        onPointerMove={onPointerMove}
        onPointerLeave={() => onPoint(null)}
      >
        {width > 0 && <Plot width={width} series={series} format={format} whole={whole} utc={utc} pointed={index} />}
      </div>
      {series.length > 1 && (
        <ul className="chart-legend">
          {series.map(({ label, color, dashed, kind, points }) => (
            <li key={label}>
              <svg width={18} height={10} aria-hidden="true">
                {kind === 'bar' ? <rect className={`chart-fill-${color}`} width={10} height={10} x={4} /> : <line className={`chart-line chart-line-${color} ${dashed === true ? 'chart-dashed' : ''}`} x1={0} x2={18} y1={5} y2={5} />}
              </svg>
              <span className="wrap-anywhere">{label}</span>
              <strong className="figure chart-value">{at === undefined ? '' : read(points[index]?.value)}</strong>
            </li>
          ))}
        </ul>
      )}
    </figure>
  )
}
