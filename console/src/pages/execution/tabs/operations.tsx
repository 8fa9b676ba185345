import Table, { type TableProps } from '@cloudscape-design/components/table'
import Pagination from '@cloudscape-design/components/pagination'
import Select from '@cloudscape-design/components/select'
import TextFilter from '@cloudscape-design/components/text-filter'
import { useState } from 'react'
import { EmptyState } from '../../../components/empty-state'
import { Elapsed, Instant } from '../../../time/instant'
import { useUrlText } from '../../../util/url-text'
import type { Operation } from '../model/history'
import type { Selection } from '../model/selection'
import type { Execution } from '../model/use-execution'
import { nameOf, OPERATION_STATUS_LABEL, runsText, typeLabel } from '../timeline/look'
import { OperationIcon } from '../timeline/operation-icon'
import { serverNow } from '../../../time/ahead'

/** Rows of a page. */
const PAGE = 50

interface Row {
  operation: Operation
  /** The part of the execution's time in which it was open, in percent. */
  from: number
  length: number
}

/** The operations as AWS's console lists them. */
export function OperationsTab({ execution: { history, detail }, selection }: { execution: Execution; selection: Selection }) {
  const [text, setText] = useUrlText('find')
  const [status, setStatus] = useState('')
  const [page, setPage] = useState(1)
  const [order, setOrder] = useState<{ column: TableProps.SortingColumn<Row>; descending: boolean }>({ column: COLUMNS[3] ?? {}, descending: false })
  const start = history.startedAt ?? detail.started_at
  const end = Math.max(history.endedAt ?? detail.server_now_at, start + 1)
  const needle = text.toLowerCase()
  const found = [...history.operations.values()]
    .filter((operation) => (status === '' || operation.status === status) && (needle === '' || `${nameOf(operation)} ${typeLabel(operation)} ${operation.id}`.toLowerCase().includes(needle)))
    .map((operation) => ({ operation, from: ((operation.startedAt - start) / (end - start)) * 100, length: (((operation.endedAt ?? end) - operation.startedAt) / (end - start)) * 100 }))
  const comparator = order.column.sortingComparator
  const sorted = comparator === undefined ? found : found.toSorted((a, b) => comparator(a, b) * (order.descending ? -1 : 1))
  const pages = Math.max(1, Math.ceil(sorted.length / PAGE))
  const shown = sorted.slice((Math.min(page, pages) - 1) * PAGE, Math.min(page, pages) * PAGE)
  return (
    <Table
      variant="embedded"
      contentDensity="compact"
      items={shown}
      trackBy={({ operation }) => operation.id}
      columnDefinitions={COLUMNS}
      resizableColumns
      selectionType="single"
      selectedItems={shown.filter(({ operation }) => operation.id === selection.operation)}
      onSelectionChange={({ detail: { selectedItems } }) => selection.select({ operation: selectedItems[0]?.operation.id ?? null })}
      onRowClick={({ detail: { item } }) => selection.select({ operation: item.operation.id })}
      sortingColumn={order.column}
      sortingDescending={order.descending}
      onSortingChange={({ detail: { sortingColumn, isDescending } }) => setOrder({ column: sortingColumn, descending: isDescending === true })}
      filter={
        <div className="log-filter">
          <TextFilter filteringText={text} filteringPlaceholder="Name, type or id" filteringAriaLabel="Search the operations" countText={text === '' ? '' : `${found.length} found`} onChange={({ detail: { filteringText } }) => setText(filteringText)} />
          <Select
            ariaLabel="Status"
            selectedOption={STATUS_OPTIONS.find(({ value }) => value === status) ?? null}
            options={STATUS_OPTIONS}
            onChange={({ detail: { selectedOption } }) => setStatus(selectedOption.value ?? '')}
          />
        </div>
      }
      pagination={<Pagination currentPageIndex={Math.min(page, pages)} pagesCount={pages} onChange={({ detail: { currentPageIndex } }) => setPage(currentPageIndex)} ariaLabels={{ nextPageLabel: 'Next page', previousPageLabel: 'Previous page', pageLabel: (number) => `Page ${number}` }} />}
      empty={<EmptyState title={history.operations.size === 0 ? 'No operations yet' : 'No operation matches'} />}
      ariaLabels={{ tableLabel: 'Operations', itemSelectionLabel: (_, { operation }) => `Select ${nameOf(operation)}`, selectionGroupLabel: 'Select an operation' }}
    />
  )
}

const STATUS_OPTIONS = [{ value: '', label: 'Every status' }, ...Object.entries(OPERATION_STATUS_LABEL).map(([value, label]) => ({ value, label }))]

const COLUMNS: TableProps.ColumnDefinition<Row>[] = [
  {
    id: 'name',
    header: 'Name',
    isRowHeader: true,
    cell: ({ operation }) => (
      <bdi className="one-line" title={nameOf(operation)}>
        {nameOf(operation)}
      </bdi>
    ),
    sortingComparator: (a, b) => nameOf(a.operation).localeCompare(nameOf(b.operation)),
    width: 170,
    minWidth: 140,
  },
  {
    id: 'status',
    header: 'Status',
    cell: ({ operation }) => (
      <span>
        <OperationIcon operation={operation} /> {OPERATION_STATUS_LABEL[operation.status]}
      </span>
    ),
    sortingComparator: (a, b) => a.operation.status.localeCompare(b.operation.status),
    width: 122,
  },
  { id: 'type', header: 'Type', cell: ({ operation }) => typeLabel(operation), sortingComparator: (a, b) => typeLabel(a.operation).localeCompare(typeLabel(b.operation)), width: 130 },
  { id: 'start', header: 'Started', cell: ({ operation }) => <Instant at={operation.startedAt} isShort />, sortingComparator: (a, b) => a.operation.startedAt - b.operation.startedAt, width: 108 },
  {
    id: 'timeline',
    header: 'Timeline',
    cell: ({ from, length }) => (
      <span className="mini-bar" aria-hidden="true">
        <span style={{ insetInlineStart: `${from}%`, inlineSize: `${Math.max(length, 1)}%` }} />
      </span>
    ),
    width: 92,
  },
  { id: 'end', header: 'Ended', cell: ({ operation }) => <Instant at={operation.endedAt} isShort />, sortingComparator: (a, b) => (a.operation.endedAt ?? Infinity) - (b.operation.endedAt ?? Infinity), width: 108 },
  { id: 'took', header: 'Duration', cell: ({ operation }) => <Elapsed from={operation.startedAt} to={operation.endedAt} />, sortingComparator: (a, b) => lengthOf(a) - lengthOf(b), width: 118 },
  { id: 'attempts', header: 'Attempts', cell: ({ operation }) => (operation.type !== 'STEP' ? '–' : runsText(operation.attempts) === '' ? operation.attempts.length : runsText(operation.attempts)), sortingComparator: (a, b) => a.operation.attempts.length - b.operation.attempts.length, minWidth: 100 },
]

const lengthOf = ({ operation }: Row): number => (operation.endedAt ?? serverNow()) - operation.startedAt
