import { expect, test } from 'vitest'
import type { Metric } from '../../api/types'
import { formatUnit, metricCharts } from './metrics'

const MINUTE = 60_000
const metric = (name: string, unit: string, dimensions: Record<string, string>, at: number, sum: number, count: number): Metric => ({
  namespace: 'Loans',
  name,
  unit,
  dimensions,
  points: [{ at, sum, count, min: 0, max: sum }],
})

test('what is counted is summed, and a minute without a line counts nothing', () => {
  const [chart] = metricCharts([metric('Submitted', 'Count', { service: 'Api' }, 2 * MINUTE, 3, 3)], 3 * MINUTE, 3)
  expect(chart?.series[0]?.kind).toBe('bar')
  expect(chart?.series[0]?.points.map(({ value }) => value)).toEqual([0, 3, 0])
})

test('what is measured is averaged, and a minute without a line is a gap', () => {
  const [chart] = metricCharts([metric('Latency', 'Milliseconds', {}, 2 * MINUTE, 30, 3)], 3 * MINUTE, 3)
  expect(chart?.series[0]?.points.map(({ value }) => value)).toEqual([null, 10, null])
})

test('series are named by the dimensions that differ, the busiest first', () => {
  const charts = metricCharts(
    [metric('Latency', 'Milliseconds', { service: 'Api', bureau: 'A' }, MINUTE, 1, 1), metric('Latency', 'Milliseconds', { service: 'Api', bureau: 'B' }, MINUTE, 1, 5)],
    MINUTE,
    2,
  )
  expect(charts).toHaveLength(1)
  expect(charts[0]?.series.map(({ label }) => label)).toEqual(['B', 'A'])
})

test('figures have their unit', () => {
  expect(formatUnit('Seconds')(2.5)).toBe('2.5 s')
  expect(formatUnit('Kilobytes')(2)).toBe('2.0 KB')
  expect(formatUnit('Percent')(12.345)).toBe('12.35%')
  expect(formatUnit('None')(12_345)).toBe('12.35K')
})
