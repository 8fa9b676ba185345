import Button from '@cloudscape-design/components/button'
import Cards from '@cloudscape-design/components/cards'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { callbacksQuery, PAGE_ROWS } from '../../api/console'
import type { OpenCallback } from '../../api/types'
import { useMay } from '../../api/use-may'
import type { CallbackAnswer } from '../../components/callback-dialog'
import { EmptyState } from '../../components/empty-state'
import { ErrorBox } from '../../components/error-box'
import { useLate } from '../../components/loading'
import { RouteLink } from '../../components/route-link'
import { ShowMore } from '../../components/show-more'
import { useNarrow } from '../../layout/narrow'
import { Countdown, Elapsed } from '../../time/instant'
import { useNow } from '../../time/now'
import { operationName, shortName } from '../../util/activity'
import { paths } from '../../util/paths'

interface Props {
  onAnswer: (callback: OpenCallback, kind: CallbackAnswer) => void
}

/** Milliseconds before a deadline from which on it is pointed out. */
const NEAR = 60_000

/** Callbacks that nobody has answered, with their answers. */
export function CallbackList({ onAnswer }: Props) {
  const isNarrow = useNarrow()
  const [limit, setLimit] = useState(PAGE_ROWS)
  const { data, error, isPending, refetch } = useQuery(callbacksQuery(limit))
  const isLate = useLate(isPending)
  if (error !== null && data === undefined) return <ErrorBox title="The callbacks could not be read" error={error} onRetry={() => void refetch()} />
  const columns = [...COLUMNS, { id: 'answer', header: 'Answer', cell: (row: OpenCallback) => <Answers callback={row} onAnswer={onAnswer} />, width: 315 }]
  const footer = <ShowMore hasMore={Boolean(data?.next_cursor)} limit={limit} onLimit={setLimit} />
  const shared = {
    items: data?.callbacks ?? [],
    trackBy: 'callback_id' as const,
    loading: isLate,
    loadingText: 'Reading the callbacks',
    header: (
      <Header variant="h2" counter={data === undefined ? '' : `(${data.callbacks.length}${data.next_cursor ? '+' : ''})`} description="Somebody outside has to answer them.">
        Callbacks
      </Header>
    ),
    empty: isPending ? <EmptyState title=" " /> : <EmptyState title="Nobody is waited for">An execution that waits for a callback is listed here until it is answered.</EmptyState>,
  }
  if (isNarrow) {
    return (
      <SpaceBetween size="s">
        <Cards
          {...shared}
          cardsPerRow={[{ cards: 1 }]}
          cardDefinition={{
            header: (row) => <Name row={row} />,
            sections: columns.slice(1).map(({ id, header, cell }) => ({ id, header, content: cell })),
          }}
          ariaLabels={{ itemSelectionLabel: () => '', selectionGroupLabel: '' }}
        />
        {footer}
      </SpaceBetween>
    )
  }
  return <Table {...shared} footer={footer} variant="container" wrapLines columnDefinitions={columns} ariaLabels={{ tableLabel: 'Open callbacks' }} />
}

/** With the answers, what is in sight on a laptop of 1,280 pixels, without scrolling. */
const COLUMNS: (TableProps.ColumnDefinition<OpenCallback> & { id: string; header: string })[] = [
  { id: 'name', header: 'Callback', isRowHeader: true, cell: (row) => <Name row={row} />, minWidth: 130 },
  { id: 'execution', header: 'Execution', cell: (row) => <Execution row={row} />, minWidth: 150 },
  { id: 'age', header: 'Waits since', cell: (row) => <Elapsed from={row.started_at} to={null} />, width: 125 },
  { id: 'deadline', header: 'Times out', cell: (row) => <Deadlines row={row} />, minWidth: 150 },
]

function Execution({ row }: { row: OpenCallback }) {
  return (
    <span className="wrap-anywhere">
      <RouteLink href={paths.execution(row.execution_id)}>
        <bdi title={row.execution_name}>{shortName(row.execution_name)}</bdi>
      </RouteLink>
      <br />
      <span className="secondary">
        {row.function}:{row.version}
      </span>
    </span>
  )
}

function Name({ row }: { row: OpenCallback }) {
  return (
    <span data-row={row.callback_id} className="wrap-anywhere">
      <RouteLink href={paths.execution(row.execution_id, { operation: row.operation_id })}>
        <bdi>{operationName(row.name, 'CALLBACK')}</bdi>
      </RouteLink>
    </span>
  )
}

function Deadline({ at }: { at: number | null | undefined }) {
  const now = useNow()
  if (at === null || at === undefined) return <span className="secondary">never</span>
  return (
    <span className={at - now < NEAR ? 'error-line' : ''}>
      {at - now < NEAR && at > now ? 'soon, ' : ''}
      <Countdown to={at} />
    </span>
  )
}

/** When it times out, and when it would without a heartbeat. */
function Deadlines({ row }: { row: OpenCallback }) {
  const { heartbeat_deadline_at: due } = row
  return (
    <>
      <Deadline at={row.deadline_at} />
      {due !== null && due !== undefined && (
        <span title="A heartbeat keeps it open until the next heartbeat is due.">
          <br />
          <span className="secondary">heartbeat due </span>
          <Deadline at={due} />
        </span>
      )}
    </>
  )
}

function Answers({ callback, onAnswer }: { callback: OpenCallback } & Props) {
  const of = `${operationName(callback.name, 'CALLBACK')} of ${callback.execution_name}`
  const may = useMay()
  return (
    <span className="row-actions">
      {may('lambda:SendDurableExecutionCallbackSuccess') && (
        <Button wrapText={false} onClick={() => onAnswer(callback, 'succeed')} ariaLabel={`Succeed ${of}`}>
          Succeed
        </Button>
      )}
      {may('lambda:SendDurableExecutionCallbackFailure') && (
        <Button wrapText={false} onClick={() => onAnswer(callback, 'fail')} ariaLabel={`Fail ${of}`}>
          Fail
        </Button>
      )}
      {may('lambda:SendDurableExecutionCallbackHeartbeat') && (
        <Button wrapText={false} variant="link" onClick={() => onAnswer(callback, 'heartbeat')} ariaLabel={`Send a heartbeat to ${of}`}>
          Heartbeat
        </Button>
      )}
    </span>
  )
}
