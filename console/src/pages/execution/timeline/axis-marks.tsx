import { useNarrow } from '../../../layout/narrow'
import { formatDuration, formatOffset } from '../../../time/format'
import { ticks } from '../model/axis'
import { type Drawn, placed } from './place'

/** Marks at the most: what there is room for. */
const COUNT = { wide: 8, narrow: 4 }

/** Times since the start, and marks where a wait is shortened. */
export function AxisMarks(drawn: Drawn) {
  const { axis, view } = drawn
  const width = view.to - view.from
  const { step, marks } = ticks(axis, view, useNarrow() ? COUNT.narrow : COUNT.wide)
  return (
    <div className="axis">
      {marks.map(({ place, sinceStart }) => (
        <span key={place} className="axis-tick figure" style={{ insetInlineStart: `${((place - view.from) / width) * 100}%` }}>
          {formatOffset(sinceStart, step)}
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
