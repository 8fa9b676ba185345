import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator'
import type { TableProps } from '@cloudscape-design/components/table'
import type { AuditLine } from '../../api/types'
import { LongText } from '../../components/long-text'
import { Instant } from '../../time/instant'

const OUTCOMES: Record<string, { type: StatusIndicatorProps.Type; label: string }> = {
  done: { type: 'success', label: 'Done' },
  refused: { type: 'stopped', label: 'Refused' },
  failed: { type: 'error', label: 'Failed' },
  left: { type: 'warning', label: 'Client left' },
}

/** An action of IAM; where it is cut in two, that is behind the service. */
function Action({ action }: { action: string }) {
  const [service, ...rest] = action.split(':')
  if (rest.length === 0) return <span className="wrap-anywhere">{action}</span>
  return (
    <span className="wrap-anywhere">
      {service}:<wbr />
      {rest.join(':')}
    </span>
  )
}

const COLUMNS: TableProps.ColumnDefinition<AuditLine>[] = [
  { id: 'at', header: 'When', minWidth: 160, cell: ({ at }) => <Instant at={Date.parse(at)} /> },
  {
    id: 'who',
    header: 'Who',
    isRowHeader: true,
    minWidth: 170,
    cell: ({ who, source_ip: from }) => (
      <>
        <span className="wrap-anywhere">{who}</span>
        {from && <div className="secondary wrap-anywhere">from {from}</div>}
      </>
    ),
  },
  { id: 'action', header: 'Action', minWidth: 200, cell: ({ action }) => <Action action={action} /> },
  { id: 'resource', header: 'Resource', minWidth: 240, cell: ({ resource, action }) => <LongText text={resource} label={`the resource of ${action}`} /> },
  {
    id: 'outcome',
    header: 'Outcome',
    minWidth: 130,
    cell: ({ outcome, status, error }) => {
      const { type, label } = OUTCOMES[outcome] ?? { type: 'info', label: outcome }
      return (
        <>
          <StatusIndicator type={type}>{label}</StatusIndicator>
          {(error || status) && <div className="secondary wrap-anywhere">{[status, error].filter(Boolean).join(' ')}</div>}
        </>
      )
    },
  },
]

const SERVER: TableProps.ColumnDefinition<AuditLine> = { id: 'server', header: 'Server', minWidth: 130, cell: ({ server }) => <span className="wrap-anywhere">{server ?? '–'}</span> }

/** The columns for these lines: which server was asked, where there are several. */
export const columnsOf = (lines: readonly AuditLine[]): TableProps.ColumnDefinition<AuditLine>[] => (lines.some(({ server }) => Boolean(server)) ? [...COLUMNS, SERVER] : COLUMNS)
