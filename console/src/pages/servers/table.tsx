import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator'
import Badge from '@cloudscape-design/components/badge'
import Header from '@cloudscape-design/components/header'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import type { ServerList, ServerShown } from '../../api/types'
import { formatDuration, formatNumber } from '../../time/format'
import { Instant } from '../../time/instant'
import { colorOf } from './color'

interface Row extends ServerShown {
  color: number
  now: number
}

const STATES: Record<ServerShown['state'], { type: StatusIndicatorProps.Type; label: string }> = {
  live: { type: 'success', label: 'Lives' },
  leaving: { type: 'in-progress', label: 'Hands over' },
  dead: { type: 'error', label: 'Gone' },
}

const COLUMNS: TableProps.ColumnDefinition<Row>[] = [
  {
    id: 'address',
    header: 'Server',
    isRowHeader: true,
    minWidth: 220,
    cell: ({ address, color, id, is_this: isThis, state }) => (
      <span className="server-name" title={`Run ${id}`}>
        <span className="server-swatch" data-color={state === 'dead' ? 'none' : color} aria-hidden="true" />
        <span className="wrap-anywhere">{address}</span>
        {isThis && <Badge>answers here</Badge>}
      </span>
    ),
  },
  { id: 'state', header: 'State', minWidth: 120, cell: ({ state }) => <StatusIndicator type={STATES[state].type}>{STATES[state].label}</StatusIndicator> },
  { id: 'shards', header: 'Shards', minWidth: 80, cell: ({ shard_count: count }) => <span className="figure">{formatNumber(count)}</span> },
  { id: 'invocations', header: 'Invocations', minWidth: 110, cell: ({ invocations }) => <span className="figure">{formatNumber(invocations)}</span> },
  { id: 'since', header: 'Since', minWidth: 150, cell: ({ started_at: at }) => <Instant at={at} /> },
  { id: 'lease', header: 'Lease', minWidth: 130, cell: ({ lease_ends_at: ends, now }) => <span className="figure">{lease(ends - now)}</span> },
  { id: 'version', header: 'Version', minWidth: 90, cell: ({ version }) => <span className="figure">{version}</span> },
]

/** How long it lasts yet, or since when it has been over. */
const lease = (left: number): string => (left > 0 ? `${(left / 1000).toFixed(1)} s left` : `over for ${formatDuration(-left)}`)

export function ServerTable({ list }: { list: ServerList }) {
  const rows = list.servers.map((server, place) => ({ ...server, color: colorOf(list.servers, place), now: list.now_at }))
  return (
    <Table
      variant="container"
      contentDensity="comfortable"
      wrapLines
      items={rows}
      trackBy="id"
      columnDefinitions={COLUMNS}
      ariaLabels={{ tableLabel: 'Servers' }}
      header={
        <Header
          variant="h2"
          counter={`(${formatNumber(list.servers.filter(({ state }) => state !== 'dead').length)})`}
          description="Each server renews its lease three times in three seconds. When a lease expires, another server takes over its work within a second; servers that are gone are listed for an hour."
        >
          Servers of this store
        </Header>
      }
    />
  )
}
