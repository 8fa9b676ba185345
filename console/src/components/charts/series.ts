import { formatClock } from '../../time/format'
import type { Point } from './scale'

export const CHART_COLORS = ['blue', 'violet', 'teal', 'amber', 'red'] as const
export type ChartColor = (typeof CHART_COLORS)[number]

export interface Series {
  label: string
  color: ChartColor
  kind: 'bar' | 'line'
  dashed?: boolean
  /** The same instants for every series of a chart, oldest first. */
  points: readonly Point[]
}

/** `09:12`. */
export const clockMinute = (at: number, utc: boolean): string => formatClock(at, utc ? 'utc' : 'local').slice(0, 5)

const AXIS_WIDTH = 66

/** Where the plot begins and ends within the chart's width. */
export const plotSides = (width: number): [number, number] => [AXIS_WIDTH, width - 4]
