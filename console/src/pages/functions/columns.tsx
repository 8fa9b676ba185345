import '../../styles/functions.css'
import Badge from '@cloudscape-design/components/badge'
import type { CardsProps } from '@cloudscape-design/components/cards'
import type { TableProps } from '@cloudscape-design/components/table'
import type { FunctionStatus } from '../../api/types'
import { Meter } from '../../components/charts/meter'
import { Sparkline } from '../../components/charts/sparkline'
import { RouteLink } from '../../components/route-link'
import { OPEN_STATUSES } from '../../components/status-badge'
import { formatDuration, formatNumber } from '../../time/format'
import { errorRate, formatRate, openExecutionsOf, processesOf } from '../../util/function-status'
import { paths } from '../../util/paths'

type Column = TableProps.ColumnDefinition<FunctionStatus> & {
  id: string
  header: string
  cell: (item: FunctionStatus) => React.ReactNode
  /** Part of a card's width, where rows are cards. */
  cardWidth: number
}

export function FunctionName({ item }: { item: FunctionStatus }) {
  return (
    <div className="function-name" data-row>
      <RouteLink href={paths.function(item.function)}>
        <span className="wrap-anywhere">{item.function}</span>
      </RouteLink>
      <div className="function-kind">
        {item.is_durable ? <Badge color="blue">Durable</Badge> : <Badge>Plain</Badge>}
        <span className="wrap-anywhere">{item.runtime ?? 'container image'}</span>
      </div>
    </div>
  )
}

export function Aliases({ names }: { names: readonly string[] }) {
  return names.map((alias) => (
    <span key={alias} className="alias wrap-anywhere">
      {alias}
    </span>
  ))
}

function Version({ item }: { item: FunctionStatus }) {
  return (
    <div className="chips">
      <span className="figure">{item.latest_version}</span>
      {item.versions
        .filter(({ aliases }) => aliases.length > 0)
        .map(({ version, aliases }) => (
          <span key={version} className="chips">
            {version !== item.latest_version && <span className="figure secondary">{version}</span>}
            <Aliases names={aliases} />
          </span>
        ))}
    </div>
  )
}

function OpenExecutions({ item }: { item: FunctionStatus }) {
  if (!item.is_durable) return <span className="secondary">–</span>
  const open = openExecutionsOf(item)
  if (open === 0) return <span className="figure">0</span>
  return (
    <RouteLink href={paths.executions({ function: item.function, status: OPEN_STATUSES })} ariaLabel={`${formatNumber(open)} open executions of ${item.function}`}>
      <span className="figure">{formatNumber(open)}</span>
    </RouteLink>
  )
}

/** Processes at work, of those there may be, and what they have before them. */
function ProcessFigures({ item }: { item: FunctionStatus }) {
  const { warm, busy, queued } = processesOf(item)
  return (
    <span title="Busy: running an invocation, of the largest number allowed. Warm: idle and ready. Queued: invocations that wait for a process.">
      <Meter value={busy} max={item.concurrency_limit} label={`Concurrency of ${item.function}`} />
      <span className="figure secondary">
        {formatNumber(warm)} warm · <span className={queued > 0 ? 'warn' : ''}>{formatNumber(queued)} queued</span>
      </span>
    </span>
  )
}

function Invocations({ item: { function: name, stats } }: { item: FunctionStatus }) {
  return (
    <div className="last-hour">
      <Sparkline
        bars={stats.buckets.map(({ at, invocations, errors }) => ({ at, all: invocations, bad: errors }))}
        label={`${name} in the last hour: ${stats.invocations} invocations, ${stats.errors} failed`}
      />
      <div className="figure">{formatNumber(stats.invocations)}</div>
    </div>
  )
}

function Failed({ item: { stats } }: { item: FunctionStatus }) {
  const { errors } = stats
  return (
    <span className="figure">
      <span className={errors > 0 ? 'bad' : 'secondary'}>{formatRate(errorRate(stats))}</span>
      <br />
      <span className="secondary">{errors === 0 ? '' : formatNumber(errors)}</span>
    </span>
  )
}

function Durations({ item: { stats } }: { item: FunctionStatus }) {
  const { duration_p50_ms: p50, duration_p95_ms: p95 } = stats
  if (p50 === null || p50 === undefined) return <span className="secondary">–</span>
  return (
    <span className="figure">
      <span className="secondary">p50</span> {formatDuration(p50)}
      <br />
      <span className="secondary">p95</span> {p95 === null || p95 === undefined ? '–' : formatDuration(p95)}
    </span>
  )
}

const by =
  (of: (item: FunctionStatus) => number) =>
  (a: FunctionStatus, b: FunctionStatus): number =>
    of(a) - of(b)

const busy = (item: FunctionStatus): number => processesOf(item).busy

export const FUNCTION_COLUMNS: Column[] = [
  { id: 'name', header: 'Function', cell: (item) => <FunctionName item={item} />, isRowHeader: true, minWidth: 185, cardWidth: 100, sortingComparator: (a, b) => a.function.localeCompare(b.function) },
  { id: 'version', header: 'Version and aliases', cell: (item) => <Version item={item} />, minWidth: 110, cardWidth: 50 },
  { id: 'open', header: 'Open executions', cell: (item) => <OpenExecutions item={item} />, width: 115, cardWidth: 50, sortingComparator: by(openExecutionsOf) },
  { id: 'processes', header: 'Busy processes', cell: (item) => <ProcessFigures item={item} />, width: 165, cardWidth: 50, sortingComparator: by((item) => processesOf(item).queued * 1e6 + busy(item)) },
  { id: 'invocations', header: 'Invocations', cell: (item) => <Invocations item={item} />, width: 130, cardWidth: 50, sortingComparator: by(({ stats }) => stats.invocations) },
  { id: 'failed', header: 'Failed', cell: (item) => <Failed item={item} />, width: 85, cardWidth: 50, sortingComparator: by(({ stats }) => errorRate(stats) ?? -1) },
  { id: 'duration', header: 'Duration', cell: (item) => <Durations item={item} />, width: 110, cardWidth: 50, sortingComparator: by(({ stats }) => stats.duration_p95_ms ?? -1) },
]

/** Functions in the order of a column, `-` before its id for the other way round; as the server has them for none. */
export function sortFunctions(functions: readonly FunctionStatus[], order: string): FunctionStatus[] {
  const comparator = FUNCTION_COLUMNS.find(({ id }) => id === order.replace(/^-/, ''))?.sortingComparator
  if (comparator === undefined) return [...functions]
  return functions.toSorted((a, b) => (order.startsWith('-') ? comparator(b, a) : comparator(a, b)))
}

/** The same, where the page is too narrow for a table. */
export const FUNCTION_CARD: CardsProps.CardDefinition<FunctionStatus> = {
  header: (item) => <FunctionName item={item} />,
  sections: FUNCTION_COLUMNS.slice(1).map(({ id, header, cell, cardWidth }) => ({ id, header, content: cell, width: cardWidth })),
}
