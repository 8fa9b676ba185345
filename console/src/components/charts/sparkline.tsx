import '../../styles/charts.css'

const WIDTH = 96
const HEIGHT = 26

interface Props {
  /** One bar each, oldest first; `bad` is the part of `all` that failed. */
  bars: readonly { at: number; all: number; bad: number }[]
  /** The same in words. */
  label: string
}

/** How busy the last hour was, and how much of it failed: too small for axes. */
export function Sparkline({ bars, label }: Props) {
  const top = Math.max(1, ...bars.map(({ all }) => all))
  const step = WIDTH / Math.max(1, bars.length)
  const height = (value: number) => (value === 0 ? 0 : Math.max(1.5, (value / top) * (HEIGHT - 1)))
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img" aria-label={label}>
      <line className="chart-axis" x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
      {bars.map(({ at, all, bad }, index) => (
        <g key={at}>
          <rect className="chart-fill-blue" x={index * step} width={Math.max(0.5, step - 0.5)} y={HEIGHT - height(all)} height={height(all)} />
          {bad > 0 && <rect className="chart-fill-red" x={index * step} width={Math.max(0.5, step - 0.5)} y={HEIGHT - height(bad)} height={height(bad)} />}
        </g>
      ))}
    </svg>
  )
}
