import Header from '@cloudscape-design/components/header'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import type { FunctionDetail, FunctionVersionStatus } from '../../api/types'
import { RouteLink } from '../../components/route-link'
import { OPEN_STATUSES } from '../../components/status-badge'
import { formatNumber } from '../../time/format'
import { Instant } from '../../time/instant'
import { paths } from '../../util/paths'
import { Aliases } from '../functions/columns'

/** Versions and where their executions are: an execution stays on the version that it began with. */
export function Versions({ detail }: { detail: FunctionDetail }) {
  const { function: name, is_durable: isDurable, versions } = detail
  return (
    <Table
      variant="container"
      contentDensity="comfortable"
      wrapLines
      trackBy="version"
      items={versions}
      columnDefinitions={isDurable ? [...LEFT, openColumn(name), ...RIGHT] : [...LEFT, ...RIGHT]}
      ariaLabels={{ tableLabel: 'Versions' }}
      header={
        <Header variant="h2" counter={`(${versions.length})`} description={isDurable ? 'An execution ends on the version it started with: keep a version until it has no open executions.' : undefined}>
          Versions and aliases
        </Header>
      }
    />
  )
}

const LEFT: TableProps.ColumnDefinition<FunctionVersionStatus>[] = [
  { id: 'version', header: 'Version', cell: ({ version }) => <span className="figure">{version}</span>, isRowHeader: true, minWidth: 90 },
  { id: 'aliases', header: 'Aliases', cell: ({ aliases }) => (aliases.length === 0 ? <span className="secondary">–</span> : <span className="chips"><Aliases names={aliases} /></span>), minWidth: 120 },
]

const openColumn = (name: string): TableProps.ColumnDefinition<FunctionVersionStatus> => ({
  id: 'open',
  header: 'Open executions',
  minWidth: 110,
  cell: ({ version, open_executions: open }) =>
    open === 0 ? (
      <span className="figure secondary">0</span>
    ) : (
      <RouteLink href={paths.executions({ function: name, version, status: OPEN_STATUSES })} ariaLabel={`${formatNumber(open)} open executions of version ${version}`}>
        <span className="figure">{formatNumber(open)}</span>
      </RouteLink>
    ),
})

const RIGHT: TableProps.ColumnDefinition<FunctionVersionStatus>[] = [
  { id: 'warm', header: 'Warm', cell: ({ warm }) => <span className="figure">{formatNumber(warm)}</span>, minWidth: 70 },
  { id: 'busy', header: 'Busy', cell: ({ busy }) => <span className="figure">{formatNumber(busy)}</span>, minWidth: 70 },
  { id: 'queued', header: 'Queued', cell: ({ queued }) => <span className={`figure ${queued > 0 ? 'warn' : ''}`}>{formatNumber(queued)}</span>, minWidth: 80 },
  { id: 'published', header: 'Published', cell: ({ published_at: at }) => <Instant at={at} />, minWidth: 160 },
]
