import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator'
import type { ExecutionStatus } from '../api/types'

interface Look {
  type: StatusIndicatorProps.Type
  label: string
}

export const STATUS_LOOK: Record<ExecutionStatus, Look> = {
  RUNNING: { type: 'in-progress', label: 'Running' },
  PAUSING: { type: 'pending', label: 'Pausing' },
  PAUSED: { type: 'stopped', label: 'Paused' },
  SUCCEEDED: { type: 'success', label: 'Succeeded' },
  FAILED: { type: 'error', label: 'Failed' },
  TIMED_OUT: { type: 'warning', label: 'Timed out' },
  STOPPED: { type: 'stopped', label: 'Stopped' },
}

export const STATUSES = Object.keys(STATUS_LOOK) as ExecutionStatus[]

/** An execution's status by shape, colour and word. */
export function StatusBadge({ status }: { status: ExecutionStatus }) {
  const { type, label } = STATUS_LOOK[status]
  return <StatusIndicator type={type}>{label}</StatusIndicator>
}

export const isEnded = (status: ExecutionStatus): boolean => {
  switch (status) {
    case 'RUNNING':
    case 'PAUSING':
    case 'PAUSED':
      return false
    case 'SUCCEEDED':
    case 'FAILED':
    case 'TIMED_OUT':
    case 'STOPPED':
      return true
  }
}

/** What an execution that has not ended can be. */
export const OPEN_STATUSES = STATUSES.filter((status) => !isEnded(status))
