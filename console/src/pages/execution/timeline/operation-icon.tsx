import type { Operation, OperationStatus } from '../model/history'

const SIGN: Record<OperationStatus, string> = { STARTED: '●', PENDING: '↻', SUCCEEDED: '✓', FAILED: '✕', CANCELLED: '–', TIMED_OUT: '⏱', STOPPED: '■' }

/** The status by shape and colour. */
export function OperationIcon({ operation: { status, type } }: { operation: Operation }) {
  const isWaiting = status === 'STARTED' && type !== 'STEP' && type !== 'CONTEXT'
  return (
    <span className={`operation-icon icon-${isWaiting ? 'waiting' : status.toLowerCase()}`} aria-hidden="true">
      {isWaiting ? '○' : SIGN[status]}
    </span>
  )
}
