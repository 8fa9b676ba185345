import Cards from '@cloudscape-design/components/cards'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { timersQuery, PAGE_ROWS } from '../../api/console'
import type { Timer, WakeReason } from '../../api/types'
import { EmptyState } from '../../components/empty-state'
import { ErrorBox } from '../../components/error-box'
import { useLate } from '../../components/loading'
import { RouteLink } from '../../components/route-link'
import { ShowMore } from '../../components/show-more'
import { useNarrow } from '../../layout/narrow'
import { Countdown, Instant } from '../../time/instant'
import { operationName, shortName, WAKE_TEXT } from '../../util/activity'
import { paths } from '../../util/paths'

/** What comes due next in each execution. */
export function TimerList() {
  const isNarrow = useNarrow()
  const [limit, setLimit] = useState(PAGE_ROWS)
  const { data, error, isPending, refetch } = useQuery(timersQuery(limit))
  const isLate = useLate(isPending)
  if (error !== null && data === undefined) return <ErrorBox title="The timers could not be read" error={error} onRetry={() => void refetch()} />
  const footer = <ShowMore hasMore={(data?.timers.length ?? 0) >= limit} limit={limit} onLimit={setLimit} />
  const shared = {
    items: data?.timers ?? [],
    trackBy: 'execution_id' as const,
    loading: isLate,
    loadingText: 'Reading the timers',
    header: (
      <Header variant="h2" counter={data === undefined ? '' : `(${data.timers.length})`} description="What is due next in each execution, the soonest first.">
        Timers
      </Header>
    ),
    empty: isPending ? <EmptyState title=" " /> : <EmptyState title="Nothing comes due">Waits, retries and timeouts of executions are listed here.</EmptyState>,
  }
  if (isNarrow) {
    return (
      <SpaceBetween size="s">
        <Cards
          {...shared}
          cardsPerRow={[{ cards: 1 }]}
          cardDefinition={{ header: (row) => <Execution row={row} />, sections: COLUMNS.slice(1).map(({ id, header, cell }) => ({ id, header, content: cell, width: 50 })) }}
          ariaLabels={{ itemSelectionLabel: () => '', selectionGroupLabel: '' }}
        />
        {footer}
      </SpaceBetween>
    )
  }
  return <Table {...shared} footer={footer} variant="container" contentDensity="compact" wrapLines columnDefinitions={COLUMNS} ariaLabels={{ tableLabel: 'Timers' }} />
}

/** What an operation is called that nobody named, by what comes due. */
const UNNAMED: Record<WakeReason, string> = {
  EXECUTION_TIMEOUT: 'operation',
  WAIT_ELAPSED: 'wait',
  STEP_RETRY: 'step',
  CALLBACK_TIMEOUT: 'callback',
  CALLBACK_HEARTBEAT: 'callback',
  INVOCATION_RETRY: 'operation',
  RETENTION_ELAPSED: 'operation',
}

function Execution({ row }: { row: Timer }) {
  return (
    <span data-row={row.execution_id} className="wrap-anywhere">
      <RouteLink href={paths.execution(row.execution_id, row.operation_id ? { operation: row.operation_id } : {})}>
        <bdi title={row.execution_name}>{shortName(row.execution_name)}</bdi>
      </RouteLink>
    </span>
  )
}

const COLUMNS: (TableProps.ColumnDefinition<Timer> & { id: string; header: string })[] = [
  { id: 'execution', header: 'Execution', isRowHeader: true, cell: (row) => <Execution row={row} />, minWidth: 150 },
  { id: 'due', header: 'Due', cell: (row) => <Countdown to={row.due_at} />, width: 130 },
  { id: 'reason', header: 'What comes due', cell: (row) => WAKE_TEXT[row.reason], width: 165 },
  { id: 'operation', header: 'Operation', cell: (row) => (row.operation_id ? <bdi className="wrap-anywhere">{operationName(row.name, UNNAMED[row.reason])}</bdi> : <span className="secondary">–</span>), minWidth: 130 },
  { id: 'function', header: 'Function', cell: (row) => <bdi className="wrap-anywhere">{`${row.function}:${row.version}`}</bdi>, minWidth: 130 },
  { id: 'at', header: 'At', cell: (row) => <Instant at={row.due_at} isShort />, width: 130 },
]
