import '../../styles/executions.css'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Cards from '@cloudscape-design/components/cards'
import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table from '@cloudscape-design/components/table'
import { type PointerEvent, useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import type { ExecutionFilter } from '../../api/console'
import { useMay } from '../../api/use-may'
import type { ExecutionSummary } from '../../api/types'
import { EmptyState } from '../../components/empty-state'
import { ErrorBox } from '../../components/error-box'
import { LiveBadge } from '../../components/live-badge'
import { useLate } from '../../components/loading'
import { useRowKeys } from '../../keyboard/row-focus'
import { useNarrow } from '../../layout/narrow'
import { usePageTitle } from '../../layout/page-title'
import { formatInstant, formatNumber } from '../../time/format'
import { useTimeMode } from '../../preferences/time-mode'
import { paths } from '../../util/paths'
import { EXECUTION_CARD, EXECUTION_COLUMNS } from './columns'
import { isFiltered, readFilter, writeFilter } from './filter'
import { FilterField } from './filter-field'
import { StatusCounts } from './status-counts'
import { type Executions, useExecutions } from './use-executions'

/** All executions of all functions, the newest first, as they happen. */
export function ExecutionsPage() {
  usePageTitle('Executions')
  useRowKeys('#executions', 'execution')
  const navigate = useNavigate()
  const mayInvoke = useMay()('lambda:InvokeFunction')
  const isNarrow = useNarrow()
  const [parameters, setParameters] = useSearchParams()
  const filter = readFilter(parameters)
  const cursor = parameters.get('cursor')
  const executions = useExecutions(filter, cursor)
  const { rows, counts } = executions
  const [shown, held] = useHeldOrder(rows, cursor === null ? parameters.toString() : null)

  const isLate = useLate(executions.isLoading)

  const choose = (next: ExecutionFilter) => setParameters(writeFilter(next))
  const page = (to: string | null) =>
    setParameters((old) => {
      if (to === null) old.delete('cursor')
      else old.set('cursor', to)
      return old
    })

  const shared = {
    items: isLate ? [] : shown,
    trackBy: 'execution_id' as const,
    loading: isLate,
    loadingText: 'Reading the executions',
    empty: executions.isLoading ? <EmptyState title=" " /> : <Nothing filter={filter} goesOn={executions.search.goesOn} onClear={() => choose({})} functionName={counts?.by_function[0]?.function} />,
    filter: (
      <SpaceBetween size="s">
        <StatusCounts counts={counts} chosen={filter.status ?? []} onToggle={(status) => choose(toggled(filter, status))} />
        <div id="executions-filter">
          <FilterField filter={filter} counts={counts} onChange={choose} />
        </div>
        <Progress executions={executions} />
      </SpaceBetween>
    ),
  }
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          counter={counts === undefined ? '' : `(${formatNumber(counts.total)})`}
          info={executions.connection === null ? undefined : <LiveBadge connection={executions.connection} />}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              {held.waiting > 0 && <Button iconName="refresh" onClick={held.release}>{`Show ${held.waiting} new`}</Button>}
              {mayInvoke && <Button onClick={() => void navigate(paths.functions())}>Start an execution</Button>}
            </SpaceBetween>
          }
        >
          Executions
        </Header>
      }
    >
      {executions.error !== null && executions.error !== undefined && rows.length === 0 && (
        <ErrorBox title="The executions could not be read" error={executions.error} onRetry={executions.retry} />
      )}
      <div id="executions" onPointerOver={held.over} onPointerLeave={held.leave}>
        {isNarrow ? (
          <Cards {...shared} cardsPerRow={[{ cards: 1 }]} cardDefinition={EXECUTION_CARD} ariaLabels={{ itemSelectionLabel: () => '', selectionGroupLabel: '' }} />
        ) : (
          <Table
            {...shared}
            variant="container"
            contentDensity="compact"
            columnDefinitions={EXECUTION_COLUMNS}
            resizableColumns
            ariaLabels={{ tableLabel: 'Executions' }}
          />
        )}
      </div>
      <Box padding={{ top: 's' }} float="right">
        <SpaceBetween direction="horizontal" size="xs">
          {cursor !== null && <Button onClick={() => page(null)}>Newest</Button>}
          <Button disabled={executions.nextCursor === null || executions.search.goesOn} onClick={() => page(executions.nextCursor)}>
            Older
          </Button>
        </SpaceBetween>
      </Box>
    </ContentLayout>
  )
}

function toggled(filter: ExecutionFilter, status: string): ExecutionFilter {
  const old = filter.status ?? []
  const next = old.includes(status) ? old.filter((it) => it !== status) : [...old, status]
  const { status: _, ...rest } = filter
  return next.length === 0 ? rest : { ...rest, status: next }
}

/** How far a search through older executions has come. */
function Progress({ executions }: { executions: Executions }) {
  const [mode] = useTimeMode()
  const { goesOn, isStopped, backTo, stop, resume } = executions.search
  if (!goesOn && !isStopped) return null
  const place = backTo === null ? '' : ` back to ${formatInstant(backTo, mode === 'utc' ? 'utc' : 'local', backTo)}`
  return (
    <div className="search-progress" role="status">
      {goesOn && <span className="activity-runs" aria-hidden="true" />}
      {goesOn ? `Searching older executions,${place}…` : `Searched${place}, and stopped.`}
      <Button variant="inline-link" onClick={goesOn ? stop : resume}>
        {goesOn ? 'Stop' : 'Go on'}
      </Button>
    </div>
  )
}

interface NothingProps {
  filter: ExecutionFilter
  goesOn: boolean
  onClear: () => void
  functionName: string | undefined
}

function Nothing({ filter, goesOn, onClear, functionName }: NothingProps) {
  if (goesOn) return <EmptyState title="Nothing found yet">The search continues through older executions.</EmptyState>
  if (isFiltered(filter)) {
    return (
      <EmptyState title="No execution matches">
        <Button onClick={onClear}>Clear the filter</Button>
      </EmptyState>
    )
  }
  return (
    <EmptyState title="No executions yet" command={`lambdura invoke ${functionName ?? 'YOUR_FUNCTION'}:live --event --payload '{}'`}>
      Start one, and it appears here.
    </EmptyState>
  )
}

/** Rows do not move under the pointer: what is new waits until it leaves them, or until the reader asks for it. */
function useHeldOrder(rows: ExecutionSummary[], key: string | null) {
  const [held, hold] = useState<{ key: string; ids: readonly string[] } | null>(null)
  // Another filter is another list: nothing of the old one is held.
  const known = held === null || held.key !== key ? null : new Set(held.ids)
  const shown = known === null ? rows : rows.filter((row) => known.has(row.execution_id))
  const holdNow = () => key !== null && hold({ key, ids: rows.map((row) => row.execution_id) })
  return [
    shown,
    {
      waiting: rows.length - shown.length,
      over: (event: PointerEvent) => {
        const isOnRow = event.target instanceof Element && event.target.closest('tbody, li') !== null && event.target.closest('.status-counts') === null
        if (!isOnRow) hold(null)
        else if (known === null && event.pointerType === 'mouse') holdNow()
      },
      leave: () => hold(null),
      release: holdNow,
    },
  ] as const
}
