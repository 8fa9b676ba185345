import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SegmentedControl from '@cloudscape-design/components/segmented-control'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { metricsQuery } from '../../api/console'
import type { FunctionDetail, FunctionStats } from '../../api/types'
import { ChartTable } from '../../components/charts/chart-table'
import type { Series } from '../../components/charts/series'
import { TimeChart } from '../../components/charts/time-chart'
import { EmptyState } from '../../components/empty-state'
import { ErrorBox } from '../../components/error-box'
import { formatDuration, formatNumber } from '../../time/format'
import { errorRate, formatRate } from '../../util/function-status'
import { formatUnit, type MetricChart, metricCharts } from './metrics'

const MINUTES = 60

/** The last hour in charts. Pointing at a minute in one points at it in all. */
export function MonitoringTab({ detail }: { detail: FunctionDetail }) {
  const [parameters, setParameters] = useSearchParams()
  const view = parameters.get('view') === 'tables' ? 'tables' : 'charts'
  const [pointed, point] = useState<number | null>(null)
  const { data, error, dataUpdatedAt, isPending } = useQuery(metricsQuery(detail.function, MINUTES))
  const charts = metricCharts(data?.metrics ?? [], dataUpdatedAt, MINUTES)
  const shared = { view, pointed, onPoint: point } as const

  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h2"
            description="By the minute; nothing from before the server's start."
            actions={
              <SegmentedControl
                selectedId={view}
                label="How figures are shown"
                options={[
                  { id: 'charts', text: 'Charts' },
                  { id: 'tables', text: 'Tables' },
                ]}
                onChange={({ detail: { selectedId } }) => setParameters({ tab: 'monitoring', ...(selectedId === 'tables' ? { view: 'tables' } : {}) }, { replace: true })}
              />
            }
          >
            The last hour
          </Header>
        }
      >
        <div className="chart-grid-layout">{ownCharts(detail.stats).map((chart) => <Figure key={chart.title} {...chart} {...shared} />)}</div>
      </Container>
      <Container header={<Header variant="h2" description="Lines in the embedded metric format, as CloudWatch reads them: sums of counts, averages of what is measured.">Metrics that the function logs</Header>}>
        {error !== null && data === undefined && <ErrorBox title="The metrics could not be read" error={error} />}
        {data !== undefined && charts.length === 0 && (
          <EmptyState title="No metrics in the last hour">Powertools for AWS Lambda writes them, in every language; so does any JSON line with an &quot;_aws&quot; member.</EmptyState>
        )}
        {isPending && <div className="chart-area" />}
        <div className="chart-grid-layout">{charts.map((chart) => <Figure key={chart.key} {...ofMetric(chart)} {...shared} />)}</div>
      </Container>
    </SpaceBetween>
  )
}

interface Chart {
  title: string
  series: Series[]
  format: (value: number) => string
  whole?: boolean
  summary: string
  subtitle?: string
}

interface Shared {
  view: 'charts' | 'tables'
  pointed: number | null
  onPoint: (at: number | null) => void
}

function Figure({ view, pointed, onPoint, ...chart }: Chart & Shared) {
  if (view === 'tables') return <ChartTable title={chart.title} series={chart.series} format={chart.format} />
  return <TimeChart {...chart} pointed={pointed} onPoint={onPoint} />
}

const duration = (millis: number | null | undefined): string => (millis === null || millis === undefined ? '–' : formatDuration(millis))

function ownCharts({ buckets, invocations, errors, ...stats }: FunctionStats): Chart[] {
  const points = (of: (bucket: FunctionStats['buckets'][number]) => number | null | undefined) => buckets.map((bucket) => ({ at: bucket.at, value: of(bucket) ?? null }))
  return [
    { title: 'Invocations', series: [{ label: 'Invocations', color: 'blue', kind: 'bar', points: points((it) => it.invocations) }], format: formatNumber, whole: true, summary: `${formatNumber(invocations)} in all` },
    {
      title: 'Errors',
      series: [{ label: 'Errors', color: 'red', kind: 'bar', points: points((it) => it.errors) }],
      format: formatNumber,
      whole: true,
      summary: errors === 0 ? 'none' : `${formatNumber(errors)} in all, ${formatRate(errorRate({ invocations, errors }))}`,
    },
    {
      title: 'Duration',
      series: [
        { label: 'p50', color: 'teal', kind: 'line', points: points((it) => it.p50_ms) },
        { label: 'p95', color: 'violet', kind: 'line', dashed: true, points: points((it) => it.p95_ms) },
      ],
      format: formatDuration,
      summary: `${duration(stats.duration_p50_ms)}, ${duration(stats.duration_p95_ms)}`,
    },
  ]
}

function ofMetric({ title, unit, statistic, series, namespace, more }: MetricChart): Chart {
  const values = series.flatMap(({ points }) => points.flatMap(({ value }) => (value === null ? [] : [value])))
  const total = values.reduce((sum, value) => sum + value, 0)
  const format = formatUnit(unit)
  return {
    title,
    series,
    format,
    whole: unit === 'Count',
    summary: statistic === 'sum' ? `${format(total)} in all` : values.length === 0 ? '–' : `${format(total / values.length)} on average`,
    subtitle: [namespace, ...(series.length === 1 && series[0] !== undefined && series[0].label !== title ? [series[0].label] : []), ...(more > 0 ? [`and ${more} more sets of dimensions`] : [])].join(' · '),
  }
}
