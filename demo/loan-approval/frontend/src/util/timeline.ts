/** Two executions on one axis of time: what each was at, and when any function ran for it. */

import type { Step } from '../api/application'
import type { Cost } from '../api/cost'
import { type Progress, SPAN_KIND, type Span } from './progress'

/** A part of a lane, in milliseconds since the beginning of the axis. */
export interface LaneSpan {
  from: number
  to: number
  kind: Span['kind']
  step: Step
}

export interface Lane {
  stages: readonly LaneSpan[]
  /** When functions ran for it: `at` is how many at once. */
  compute: readonly { from: number; to: number; at: number }[]
  /** Milliseconds in which at least one function ran. */
  busy: number
  /** Milliseconds of functions, added up. */
  computed: number
  /** Milliseconds since the beginning of the axis: where it ended, or is. */
  end: number
  /** Milliseconds from its start to there. */
  elapsed: number
}

/** Milliseconds: an axis is never shorter, so that the first spans do not fill it. */
const AXIS_MIN = 5_000

/** How long the axis is that all lanes fit on. */
export function axisLength(lanes: readonly Lane[]): number {
  return Math.max(AXIS_MIN, ...lanes.map((lane) => lane.end)) * 1.02
}

/** The lane of one application. `begin` is where the axis begins, and `now` closes what is open. */
export function laneOf(progress: Progress, cost: Cost | null, begin: number, now: number): Lane {
  const stages = progress.steps.flatMap((step): LaneSpan[] => {
    if (step.startedAt === null || step.step === 'complete') return []
    const from = step.startedAt - begin
    const to = (step.endedAt ?? now) - begin
    return to <= from ? [] : [{ from, to, kind: SPAN_KIND[step.step], step: step.step }]
  })
  const spans = (cost?.compute ?? []).map((span) => ({ from: span.beganAt - begin, to: Math.max(span.beganAt, span.endedAt ?? now) - begin }))
  const compute = merged(spans)
  const start = (progress.steps[0]?.startedAt ?? begin) - begin
  const end = (progress.at.endedAt ?? now) - begin
  return {
    stages,
    compute,
    busy: compute.reduce((sum, span) => sum + span.to - span.from, 0),
    computed: spans.reduce((sum, span) => sum + span.to - span.from, 0),
    end,
    elapsed: Math.max(0, end - start),
  }
}

/** Spans that touch or overlap as pieces, each with how many of them there are. */
export function merged(spans: readonly { from: number; to: number }[]): { from: number; to: number; at: number }[] {
  const edges = [...new Set(spans.flatMap((span) => [span.from, span.to]))].toSorted((one, other) => one - other)
  return edges.slice(1).flatMap((to, index) => {
    const from = edges[index] ?? to
    const at = spans.filter((span) => span.from <= from && span.to >= to).length
    return at === 0 ? [] : [{ from, to, at }]
  })
}

/** Milliseconds between two marks. */
const TICKS = [1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000]

/** Where the axis has its marks, in milliseconds: at most nine, at round times. */
export function ticks(length: number): number[] {
  const step = TICKS.find((each) => length / each <= 8) ?? 1_800_000
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step)
}
