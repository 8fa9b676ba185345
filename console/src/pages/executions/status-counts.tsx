import { formatNumber } from '../../time/format'
import type { ExecutionCounts, ExecutionStatus } from '../../api/types'
import { StatusBadge, STATUSES } from '../../components/status-badge'

interface Props {
  counts: ExecutionCounts | undefined
  chosen: readonly string[]
  onToggle: (status: ExecutionStatus) => void
}

/** How many executions are in which status. Each is a switch of the filter. */
export function StatusCounts({ counts, chosen, onToggle }: Props) {
  return (
    <ul className="status-counts" aria-label="Executions by status">
      {STATUSES.map((status) => (
        <li key={status}>
          <button type="button" className="status-count" aria-pressed={chosen.includes(status)} onClick={() => onToggle(status)}>
            <span className="figure status-count-figure">{counts === undefined ? '–' : formatNumber(counts.by_status[status] ?? 0)}</span>
            <StatusBadge status={status} />
          </button>
        </li>
      ))}
    </ul>
  )
}
