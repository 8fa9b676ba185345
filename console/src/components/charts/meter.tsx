import '../../styles/charts.css'
import { formatNumber } from '../../time/format'

interface Props {
  value: number
  max: number
  /** What is measured: `Concurrency of Orders`. */
  label: string
}

/** How much of a limit is in use: bar and figures. */
export function Meter({ value, max, label }: Props) {
  const part = max > 0 ? Math.min(1, value / max) : 0
  return (
    <span className="meter">
      <span className="meter-figures figure">
        {formatNumber(value)}
        <span className="meter-of"> of {formatNumber(max)}</span>
      </span>
      <span className={`meter-bar ${part >= 1 ? 'meter-full' : ''}`} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={max} aria-valuenow={Math.min(value, max)} aria-valuetext={`${value} of ${max}`}>
        <span style={{ inlineSize: `${part * 100}%` }} />
      </span>
    </span>
  )
}
