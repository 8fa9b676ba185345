/** EMF metrics as series of charts. */

import type { Metric } from '../../api/types'
import { CHART_COLORS, type Series } from '../../components/charts/series'
import { onEveryStep } from '../../components/charts/scale'
import { formatBytes, formatDuration } from '../../time/format'

export interface MetricChart {
  key: string
  namespace: string
  title: string
  unit: string
  /** What the chart shows of each minute's values. */
  statistic: 'sum' | 'average'
  series: Series[]
  /** Sets of dimensions beyond those that have a colour. */
  more: number
}

const MINUTE = 60_000

/** One chart for each metric, one series for each set of dimensions, the busiest first. */
export function metricCharts(metrics: readonly Metric[], now: number, minutes: number): MetricChart[] {
  const groups = new Map<string, Metric[]>()
  for (const metric of metrics) {
    const key = JSON.stringify([metric.namespace, metric.name, metric.unit])
    groups.set(key, [...(groups.get(key) ?? []), metric])
  }
  return [...groups].map(([key, group]) => chart(key, group, now, minutes)).toSorted((a, b) => a.namespace.localeCompare(b.namespace) || a.title.localeCompare(b.title))
}

const count = (metric: Metric): number => metric.points.reduce((sum, point) => sum + point.count, 0)

function chart(key: string, group: readonly Metric[], now: number, minutes: number): MetricChart {
  const [{ namespace, name, unit }] = group as [Metric]
  const statistic = unit === 'Count' ? 'sum' : 'average'
  const busiest = group.toSorted((a, b) => count(b) - count(a)).slice(0, CHART_COLORS.length)
  const labels = differences(busiest)
  const series = busiest.map((metric, index): Series => {
    const values = metric.points.map(({ at, sum, count: n }) => ({ at, value: statistic === 'sum' ? sum : n === 0 ? null : sum / n }))
    return {
      label: labels[index] ?? name,
      color: CHART_COLORS[index] ?? 'blue',
      kind: statistic === 'sum' && busiest.length === 1 ? 'bar' : 'line',
      points: onEveryStep(values, now - (minutes - 1) * MINUTE, now, MINUTE, statistic === 'sum' ? 0 : null),
    }
  })
  return { key, namespace, title: name, unit, statistic, series, more: group.length - busiest.length }
}

/** What tells the sets of dimensions of one metric apart. */
function differences(group: readonly Metric[]): string[] {
  const names = [...new Set(group.flatMap(({ dimensions }) => Object.keys(dimensions)))]
  const telling = names.filter((name) => new Set(group.map(({ dimensions }) => dimensions[name])).size > 1)
  return group.map(({ name, dimensions }) =>
    (telling.length === 0 ? Object.values(dimensions) : telling.map((it) => dimensions[it] ?? `no ${it}`)).join(', ') || name,
  )
}

/** A figure in the unit that CloudWatch calls it by. */
export function formatUnit(unit: string): (value: number) => string {
  switch (unit) {
    case 'Microseconds':
      return (value) => formatDuration(value / 1_000)
    case 'Milliseconds':
      return formatDuration
    case 'Seconds':
      return (value) => formatDuration(value * 1_000)
    case 'Bytes':
      return (value) => formatBytes(Math.round(value))
    case 'Kilobytes':
      return (value) => formatBytes(Math.round(value * 1_024))
    case 'Megabytes':
      return (value) => formatBytes(Math.round(value * 1_024 * 1_024))
    case 'Percent':
      return (value) => `${compact(value)}%`
    default:
      return compact
  }
}

const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 })

const compact = (value: number): string => COMPACT.format(value)
