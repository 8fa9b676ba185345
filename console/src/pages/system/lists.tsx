import Header from '@cloudscape-design/components/header'
import Link from '@cloudscape-design/components/link'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import type { System } from '../../api/types'
import { EmptyState } from '../../components/empty-state'
import { RouteLink } from '../../components/route-link'
import { formatNumber } from '../../time/format'
import { paths } from '../../util/paths'

type Process = System['processes'][number]
type Api = System['apis'][number]

const PROCESS_COLUMNS: TableProps.ColumnDefinition<Process>[] = [
  { id: 'function', header: 'Function', cell: ({ function: name }) => <RouteLink href={paths.function(name)}><span className="wrap-anywhere">{name}</span></RouteLink>, isRowHeader: true, minWidth: 180 },
  { id: 'version', header: 'Version', cell: ({ version }) => <span className="figure">{version}</span>, minWidth: 90 },
  { id: 'warm', header: 'Warm', cell: ({ warm }) => <span className="figure">{formatNumber(warm)}</span>, minWidth: 70 },
  { id: 'busy', header: 'Busy', cell: ({ busy }) => <span className="figure">{formatNumber(busy)}</span>, minWidth: 70 },
  { id: 'queued', header: 'Queued', cell: ({ queued }) => <span className={`figure ${queued > 0 ? 'warn' : ''}`}>{formatNumber(queued)}</span>, minWidth: 80 },
]

export function Processes({ system: { processes } }: { system: System }) {
  const sum = processes.reduce((total, { warm, busy }) => total + warm + busy, 0)
  return (
    <Table
      variant="container"
      contentDensity="comfortable"
      wrapLines
      items={processes}
      trackBy={({ function: name, version }) => `${name}:${version}`}
      columnDefinitions={PROCESS_COLUMNS}
      ariaLabels={{ tableLabel: 'Function processes' }}
      header={
        <Header variant="h2" counter={`(${formatNumber(sum)})`} description="Warm: idle and ready. Busy: with an invocation. Queued: invocations that wait for their turn or for a process.">
          Function processes
        </Header>
      }
      empty={<EmptyState title="No process">The first invocation starts one; while an execution waits, none runs.</EmptyState>}
    />
  )
}

const API_COLUMNS: TableProps.ColumnDefinition<Api>[] = [
  { id: 'name', header: 'API', cell: ({ name }) => <span className="wrap-anywhere">{name}</span>, isRowHeader: true, minWidth: 140 },
  {
    id: 'url',
    header: 'URL',
    minWidth: 200,
    cell: ({ url }) => (
      <Link href={url} external externalIconAriaLabel="opens in a new tab">
        <span className="wrap-anywhere">{url}</span>
      </Link>
    ),
  },
]

/** The template's HTTP and REST APIs and function URLs. */
export function Apis({ system: { apis } }: { system: System }) {
  return (
    <Table
      variant="container"
      contentDensity="comfortable"
      wrapLines
      items={apis.filter(({ url }) => /^https?:/.test(url))}
      trackBy="name"
      columnDefinitions={API_COLUMNS}
      ariaLabels={{ tableLabel: 'APIs' }}
      header={
        <Header variant="h2" counter={`(${apis.length})`}>
          APIs
        </Header>
      }
      empty={<EmptyState title="No APIs">HTTP APIs, REST APIs and function URLs of a template are listed here.</EmptyState>}
    />
  )
}
