/** How operations look and what they are called. */

import { formatDuration } from '../../../time/format'
import type { Operation, OperationStatus, OperationType } from '../model/history'

export const TYPE_LABEL: Record<OperationType, string> = {
  CONTEXT: 'Context',
  STEP: 'Step',
  WAIT: 'Wait',
  CALLBACK: 'Callback',
  CHAINED_INVOKE: 'Chained invoke',
}

export const OPERATION_STATUS_LABEL: Record<OperationStatus, string> = {
  STARTED: 'Started',
  PENDING: 'Waiting for its next attempt',
  SUCCEEDED: 'Succeeded',
  FAILED: 'Failed',
  CANCELLED: 'Cancelled',
  TIMED_OUT: 'Timed out',
  STOPPED: 'Stopped',
}

/** `ParallelBranch` as `Parallel branch`. */
export const typeLabel = ({ type, subType }: Operation): string =>
  subType === null || subType === '' ? TYPE_LABEL[type] : subType.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').replaceAll(/ ([A-Z])/g, (_, letter: string) => ` ${letter.toLowerCase()}`)

/** The name as it is recorded; what nobody named is called what it is. */
export const nameOf = (operation: Operation): string => operation.name || operation.functionName || typeLabel(operation)

/** What is said of an operation where it cannot be seen. */
export function describe(operation: Operation, start: number, now: number): string {
  const took = (operation.endedAt ?? now) - operation.startedAt
  const status = OPERATION_STATUS_LABEL[operation.status].toLowerCase()
  return `${typeLabel(operation)} ${nameOf(operation)}, ${status}, began ${formatDuration(operation.startedAt - start)} after the start, ${operation.endedAt === null ? 'so far' : 'took'} ${formatDuration(took)}`
}

export type Shape = 'work' | 'wait' | 'context'

/** A part of an operation's bar. */
export interface Segment {
  from: number
  to: number
  shape: Shape | 'pause'
  status: OperationStatus
  label: string
}

/** The parts of an operation's bar: attempts and the pauses between them, or all of it. */
export function segments(operation: Operation, now: number): Segment[] {
  const end = operation.endedAt ?? now
  const whole = (shape: Shape): Segment[] => [{ from: operation.startedAt, to: end, shape, status: operation.status, label: OPERATION_STATUS_LABEL[operation.status] }]
  switch (operation.type) {
    case 'CONTEXT':
      return whole('context')
    case 'WAIT':
    case 'CALLBACK':
    case 'CHAINED_INVOKE':
      return whole('wait')
    case 'STEP': {
      const parts: Segment[] = []
      operation.attempts.forEach((attempt, index) => {
        const isLast = index === operation.attempts.length - 1
        const status = attempt.endedAt === null ? 'STARTED' : isLast && operation.endedAt !== null ? operation.status : attempt.error === null ? 'SUCCEEDED' : 'FAILED'
        parts.push({ from: attempt.startedAt, to: attempt.endedAt ?? now, shape: 'work', status, label: `Attempt ${attempt.number}: ${attempt.error?.ErrorMessage?.slice(0, 120) ?? OPERATION_STATUS_LABEL[status].toLowerCase()}` })
        const until = operation.attempts[index + 1]?.startedAt ?? (operation.endedAt === null ? now : null)
        if (attempt.endedAt !== null && until !== null && until > attempt.endedAt) {
          parts.push({ from: attempt.endedAt, to: until, shape: 'pause', status: 'PENDING', label: `${formatDuration(until - attempt.endedAt)} until attempt ${attempt.number + 1}` })
        }
      })
      return parts
    }
  }
}
