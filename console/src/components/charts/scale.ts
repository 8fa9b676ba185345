/** From values to pixels, and the round figures beside an axis. */

export interface Scale {
  /** The largest value that the axis shows. */
  max: number
  /** Values of its lines, from 0 to `max`. */
  ticks: number[]
}

/** An axis from 0 to a round figure at or above `value`, with two to five steps. `whole`: no fractions between. */
export function scaleTo(value: number, whole = false): Scale {
  const top = Number.isFinite(value) && value > 0 ? value : 1
  const rough = top / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const round = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((it) => it >= rough * (1 - 1e-9)) ?? 10 * power
  const step = whole ? Math.max(1, Math.ceil(round)) : round
  const count = Math.ceil(top / step - 1e-9)
  // 0.1 + 0.2 is not 0.3: each figure is a multiple, not a sum.
  const ticks = Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)))
  return { max: ticks.at(-1) ?? step, ticks }
}

export interface Point {
  at: number
  value: number | null
}

/** Points that follow one another without a gap; a line is drawn through each run. */
export function runs(points: readonly Point[]): { at: number; value: number }[][] {
  const found: { at: number; value: number }[][] = []
  let run: { at: number; value: number }[] = []
  for (const { at, value } of points) {
    if (value !== null) {
      if (run.length === 0) found.push(run)
      run.push({ at, value })
    } else {
      run = []
    }
  }
  return found
}

/** `points` on every step from `from` to `to`; a step that has none gets `missing`. */
export function onEveryStep(points: readonly Point[], from: number, to: number, step: number, missing: number | null): Point[] {
  const known = new Map(points.map(({ at, value }) => [Math.floor(at / step), value]))
  const filled: Point[] = []
  for (let at = Math.floor(from / step); at <= Math.floor(to / step); at += 1) filled.push({ at: at * step, value: known.get(at) ?? missing })
  return filled
}

/** Instants for the time axis: round minutes of the clock, at most `count` of them. */
export function timeTicks(from: number, to: number, count: number): number[] {
  const MINUTE = 60_000
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1_440].map((minutes) => minutes * MINUTE).find((it) => (to - from) / it <= count) ?? 1_440 * MINUTE
  const ticks: number[] = []
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at)
  return ticks
}
