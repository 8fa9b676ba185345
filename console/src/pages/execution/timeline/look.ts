/** How operations look and what they are called. */

import { formatDuration } from '../../../time/format'
import type { Attempt, Operation, OperationStatus, OperationType } from '../model/history'

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
  const runs = runsText(operation.attempts)
  return `${typeLabel(operation)} ${nameOf(operation)}, ${status}${runs === '' ? '' : `, ${runs}`}, began ${formatDuration(operation.startedAt - start)} after the start, ${operation.endedAt === null ? 'so far' : 'took'} ${formatDuration(took)}`
}

export type Shape = 'work' | 'wait' | 'context'

/** A part of an operation's bar. */
export interface Segment {
  from: number
  to: number
  shape: Shape | 'pause' | 'cut'
  status: OperationStatus
  label: string
}

/** The parts of an operation's bar: attempts and the pauses between them, or all of it. */
export function segments(operation: Operation, now: number, activeSince: number | null = null): Segment[] {
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
      const pause = (from: number, to: number | null, label: string) => {
        if (to !== null && to > from) parts.push({ from, to, shape: 'pause', status: 'PENDING', label: `${formatDuration(to - from)} until ${label}` })
      }
      operation.attempts.forEach((attempt, index) => {
        const isLast = index === operation.attempts.length - 1
        const status = attempt.endedAt === null ? 'STARTED' : isLast && operation.endedAt !== null ? operation.status : attempt.error === null ? 'SUCCEEDED' : 'FAILED'
        const said = `Attempt ${attempt.number}: ${attempt.error?.ErrorMessage?.slice(0, 120) ?? OPERATION_STATUS_LABEL[status].toLowerCase()}`
        const runs = runsOf(attempt, activeSince, now)
        runs.forEach(({ from, to, isCutOff }, place) => {
          const label = isCutOff ? `Attempt ${attempt.number}: cut off with its invocation` : place > 0 ? `${said}; it ran again` : said
          parts.push({ from, to, shape: isCutOff ? 'cut' : 'work', status, label })
          const next = runs[place + 1]
          if (next !== undefined) pause(to, next.from, 'it ran again')
        })
        const until = operation.attempts[index + 1]?.startedAt ?? (operation.endedAt === null ? now : null)
        if (attempt.endedAt !== null) pause(attempt.endedAt, until, `attempt ${attempt.number + 1}`)
      })
      return parts
    }
  }
}

/**
 * The runs of an attempt as they are drawn. One that was cut off and has not ended runs again as soon as an invocation
 * is active, since `activeSince`: nothing is recorded before it ends.
 */
export function runsOf(attempt: Attempt, activeSince: number | null, now: number): { from: number; to: number; isCutOff: boolean }[] {
  const drawn = attempt.runs.map(({ startedAt, endedAt, isCutOff }) => {
    const to = endedAt ?? now
    return { from: Math.min(startedAt ?? activeSince ?? to, to), to, isCutOff }
  })
  const last = drawn.at(-1)
  if (attempt.endedAt === null && last?.isCutOff === true && activeSince !== null) drawn.push({ from: Math.max(activeSince, last.to), to: now, isCutOff: false })
  return drawn
}

/** How often the code of an attempt ran, as far as that is known: `run twice`; nothing for once. */
export function runsText(attempts: readonly Attempt[]): string {
  const again = attempts.reduce((sum, { runs }) => sum + runs.length - 1, 0)
  if (again === 0) return ''
  return again === 1 && attempts.length === 1 ? 'run twice' : `${attempts.length + again} runs`
}
