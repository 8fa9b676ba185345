import type { CardsProps } from '@cloudscape-design/components/cards'
import type { TableProps } from '@cloudscape-design/components/table'
import type { ExecutionSummary, WakeReason } from '../../api/types'
import { RouteLink } from '../../components/route-link'
import { StatusBadge } from '../../components/status-badge'
import { Countdown, Elapsed, Instant } from '../../time/instant'
import { describeActivity, shortName, shortType, WAKE_TEXT } from '../../util/activity'
import { paths } from '../../util/paths'

/** What is in sight on a laptop of 1,280 pixels, without scrolling: the last column takes what the others leave. */
export const EXECUTION_COLUMNS: TableProps.ColumnDefinition<ExecutionSummary>[] = [
  { id: 'status', header: 'Status', cell: ({ status }) => <StatusBadge status={status} />, width: 112 },
  { id: 'name', header: 'Name', isRowHeader: true, cell: (row) => <Name row={row} />, width: 180, minWidth: 140 },
  {
    id: 'function',
    header: 'Function',
    cell: (row) => (
      <span className="one-line end-kept" title={`${row.function}:${row.version}`}>
        <bdi dir="ltr">
          {row.function}
          <span className="secondary">:{row.version}</span>
        </bdi>
      </span>
    ),
    width: 155,
    minWidth: 100,
  },
  { id: 'started', header: 'Started', cell: ({ started_at: at }) => <Instant at={at} isShort />, width: 138 },
  { id: 'duration', header: 'Duration', cell: (row) => <Elapsed from={row.started_at} to={row.ended_at} />, width: 110 },
  { id: 'activity', header: 'What it is at', cell: (row) => <Now row={row} />, minWidth: 240 },
]

export const EXECUTION_CARD: CardsProps.CardDefinition<ExecutionSummary> = {
  header: (row) => <Name row={row} />,
  sections: [
    { id: 'status', content: ({ status }) => <StatusBadge status={status} />, width: 50 },
    { id: 'duration', header: 'Duration', content: (row) => <Elapsed from={row.started_at} to={row.ended_at} />, width: 50 },
    { id: 'activity', content: (row) => <Now row={row} /> },
    { id: 'function', header: 'Function', content: (row) => `${row.function}:${row.version}`, width: 50 },
    { id: 'started', header: 'Started', content: ({ started_at: at }) => <Instant at={at} />, width: 50 },
  ],
}

function Name({ row }: { row: ExecutionSummary }) {
  return (
    <span data-row={row.execution_id} className="wrap-anywhere">
      <RouteLink href={paths.execution(row.execution_id)}>
        <bdi title={row.name}>{shortName(row.name)}</bdi>
      </RouteLink>
    </span>
  )
}

/** What it is at and until when, or how it fails or failed: one line. */
function Now({ row }: { row: ExecutionSummary }) {
  const failure = row.error ?? row.invocation_error
  // Who stops an execution need not say why.
  if (failure?.type || failure?.message) {
    const times = row.error ? '' : row.failed_invocations > 1 ? `Failing, ${row.failed_invocations} times: ` : 'Failing: '
    return (
      <span className="one-line error-line" title={`${failure.type ?? ''}: ${failure.message ?? ''}`}>
        {times}
        {failure.type !== null && failure.type !== undefined && <b>{shortType(failure.type)}: </b>}
        {failure.message}
      </span>
    )
  }
  if (row.activity === null || row.activity === undefined) return <span className="secondary">–</span>
  const { verb, what, more } = describeActivity(row.activity)
  const isAtWork = row.activity.kind === 'RUNNING'
  return (
    <span className="activity">
      <span className="one-line" title={`${verb} ${what ?? ''}`}>
        <span className={isAtWork ? 'activity-runs' : 'activity-waits'} aria-hidden="true" />
        {verb} {what !== null && <bdi className="operation-name">{what}</bdi>}
        {more !== null && <span className="secondary"> and {more} more</span>}
      </span>
      <Wake row={row} />
    </span>
  )
}

const GOES_ON: ReadonlySet<WakeReason> = new Set(['WAIT_ELAPSED', 'STEP_RETRY', 'INVOCATION_RETRY'])

/** When it goes on by itself; not when somebody's time is over, which nobody waits for. */
function Wake({ row: { next_wake_up: wake } }: { row: ExecutionSummary }) {
  if (wake === null || wake === undefined || !GOES_ON.has(wake.reason)) return null
  return (
    <span className="secondary activity-wake" title={`${WAKE_TEXT[wake.reason]} at ${new Date(wake.at).toISOString()}`}>
      <Countdown to={wake.at} />
    </span>
  )
}
