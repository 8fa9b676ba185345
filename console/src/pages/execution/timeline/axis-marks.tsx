import { formatDuration } from '../../../time/format'
import { ticks } from '../model/axis'
import { type Drawn, placed } from './place'

const COUNT = 6

/** Times since the start, and marks where a wait is shortened. */
export function AxisMarks(drawn: Drawn) {
  const { axis, view } = drawn
  const width = view.to - view.from
  return (
    <div className="axis">
      {ticks(axis, view, COUNT).map(({ place, sinceStart }) => (
        <span key={place} className="axis-tick figure" style={{ insetInlineStart: `${((place - view.from) / width) * 100}%` }}>
          {sinceStart < 1 ? '0' : `+${formatDuration(sinceStart)}`}
        </span>
      ))}
      {axis.breaks.map(({ from, to }) => {
        const style = placed(drawn, from, to)
        return (
          style !== null && (
            <span key={from} className="axis-break" style={style} title={`Shortened: ${formatDuration(to - from)} without work`}>
              <span>⋯ {formatDuration(to - from)}</span>
            </span>
          )
        )
      })}
    </div>
  )
}
