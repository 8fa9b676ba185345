/** The time axis: real time on the one side, what is drawn on the other. Long stretches in which nothing runs are shortened. */

export interface Interval {
  from: number
  to: number
}

export interface Break extends Interval {
  /** Where it is drawn. */
  drawnFrom: number
  drawnTo: number
}

export interface Axis {
  start: number
  end: number
  /** The drawn length of everything, in milliseconds of what is not shortened. */
  length: number
  /** From an instant to its place on the drawn axis, 0 to `length`. */
  place: (at: number) => number
  /** And back. */
  instant: (place: number) => number
  breaks: Break[]
}

/** A stretch without work is drawn no longer than this part of all work, and all of them together than the other. */
const GAP_SHARE = 0.15
const GAPS_SHARE = 0.6

/**
 * `instants`: whenever something begins or ends. `busy`: when an invocation is at work; never shortened.
 * `compress`: whether long waits are shortened.
 */
export function makeAxis(start: number, end: number, instants: readonly number[], busy: readonly Interval[], compress: boolean): Axis {
  const bounds = [...new Set([start, end, ...instants, ...busy.flatMap(({ from, to }) => [from, to])].filter((at) => at >= start && at <= end))].toSorted((a, b) => a - b)
  const work = busy.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, end) - Math.max(from, start)), 0)
  const gapMax = compress ? Math.max(1, Math.min(work * GAP_SHARE, (work * GAPS_SHARE) / Math.max(1, busy.length))) : Number.POSITIVE_INFINITY
  const sorted = busy.toSorted((a, b) => a.from - b.from)
  const real: number[] = [start]
  const drawn: number[] = [0]
  const breaks: Break[] = []
  let at = 0
  let next = 0
  for (let index = 1; index < bounds.length; index += 1) {
    const from = bounds[index - 1] ?? start
    const to = bounds[index] ?? end
    while (next < sorted.length && (sorted[next]?.to ?? 0) <= from) next += 1
    const isBusy = (sorted[next]?.from ?? Number.POSITIVE_INFINITY) < to
    const length = isBusy ? to - from : Math.min(to - from, gapMax)
    // A little shortening is not worth a mark.
    if (to - from > length * 1.5 && to - from > length) breaks.push({ from, to, drawnFrom: at, drawnTo: at + length })
    at += length
    real.push(to)
    drawn.push(at)
  }
  const length = Math.max(at, 1)
  return { start, end, length, place: (instant) => translate(real, drawn, instant), instant: (place) => translate(drawn, real, place), breaks }
}

function translate(from: readonly number[], to: readonly number[], value: number): number {
  const last = from.length - 1
  if (value <= (from[0] ?? 0)) return to[0] ?? 0
  if (value >= (from[last] ?? 0)) return to[last] ?? 0
  let low = 0
  let high = last
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((from[middle] ?? 0) <= value) low = middle
    else high = middle
  }
  const [a, b, c, d] = [from[low] ?? 0, from[high] ?? 0, to[low] ?? 0, to[high] ?? 0]
  return b === a ? c : c + ((value - a) / (b - a)) * (d - c)
}

/** The part of the drawn axis that is in sight. */
export interface View {
  from: number
  to: number
}

/** The view, zoomed by `factor` around `around`, within 0 to `length`. */
export function zoom(view: View, factor: number, around: number, length: number): View {
  const width = Math.min(length, Math.max((view.to - view.from) * factor, length / 10_000, 1))
  const share = view.to === view.from ? 0.5 : (around - view.from) / (view.to - view.from)
  const from = Math.min(Math.max(0, around - width * share), length - width)
  return { from, to: from + width }
}

export interface Tick {
  place: number
  sinceStart: number
}

/** Milliseconds between two marks: figures that one can read off and count in. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000].concat(
  [1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1_440, 2_880, 7_200, 14_400].map((minutes) => minutes * 60_000),
)

/** Where marks are drawn: at round times since the start, some `count` in sight, none where time is shortened. */
export function ticks(axis: Axis, view: View, count: number): { step: number; marks: Tick[] } {
  const width = view.to - view.from
  const step = STEPS.find((it) => width / it <= count) ?? Math.ceil(width / count / 86_400_000) * 86_400_000
  const marks: Tick[] = []
  let from = 0
  for (const { drawnFrom, drawnTo } of [...axis.breaks, { drawnFrom: axis.length, drawnTo: axis.length }]) {
    const begin = Math.max(from, view.from)
    const end = Math.min(drawnFrom, view.to)
    from = drawnTo
    if (begin > end) continue
    const last = axis.instant(end) - axis.start
    for (let at = Math.ceil((axis.instant(begin) - axis.start) / step) * step; at <= last; at += step) {
      const place = axis.place(axis.start + at)
      // Its text needs room: from the mark before it, and to where time is shortened next.
      const previous = marks.at(-1)
      const isCramped = (previous !== undefined && place - previous.place < step * 0.8) || (drawnFrom < axis.length && drawnFrom - place < step * 0.4)
      if (!isCramped) marks.push({ place, sinceStart: at })
    }
  }
  return { step, marks }
}
