/** What an execution is at, in a few words. */

import type { Activity, OpenOperation, WakeReason } from '../api/types'

/** The name of an operation as people gave it: the SDKs add to the names of callbacks. */
export function operationName(name: string | null | undefined, type: string): string {
  if (name === null || name === undefined || name === '') return type.toLowerCase().replaceAll('_', ' ')
  return name.replace(/ create callback id$/, '')
}

function verb({ type, status, sub_type: subType }: OpenOperation): string {
  switch (type) {
    case 'STEP':
      if (status === 'PENDING') return subType === 'WaitForCondition' ? 'Polls again' : 'Retries'
      return status === 'READY' ? 'About to retry' : 'Runs'
    case 'WAIT':
      return 'Waits'
    case 'CALLBACK':
      return 'Waits for'
    case 'CHAINED_INVOKE':
      return 'Invoked'
    case 'CONTEXT':
    case 'EXECUTION':
      return 'In'
  }
}

export interface ActivityText {
  verb: string
  /** The operation. */
  what: string | null
  more: number | string | null
}

export function describeActivity(activity: Activity): ActivityText {
  const [first, ...others] = activity.operations
  const more = activity.more ? `${others.length}+` : others.length > 0 ? others.length : null
  if (activity.kind === 'PAUSED') return { verb: activity.reason ? `Paused: ${activity.reason}` : 'Paused', what: null, more: null }
  if (activity.kind === 'BACKING_OFF') return { verb: 'The last invocation failed; another follows', what: null, more: null }
  if (first === undefined) return { verb: activity.kind === 'RUNNING' ? 'Runs' : 'Waits', what: null, more: null }
  const name = operationName(first.name, first.type)
  return { verb: verb(first), what: first.function === null || first.function === undefined ? name : `${first.function}${first.name ? ` (${name})` : ''}`, more }
}

export const WAKE_TEXT: Record<WakeReason, string> = {
  EXECUTION_TIMEOUT: 'execution timeout',
  WAIT_ELAPSED: 'wait ends',
  STEP_RETRY: 'next attempt',
  CALLBACK_TIMEOUT: 'callback times out',
  CALLBACK_HEARTBEAT: 'heartbeat is due',
  INVOCATION_RETRY: 'next invocation',
  RETENTION_ELAPSED: 'record is removed',
}

/** Names that nobody chose are ids, of which the ends tell them apart. */
export const shortName = (name: string): string => (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}$/.test(name) ? `${name.slice(0, 8)}…${name.slice(-8)}` : name)

/** The name of an error's class without its modules: `StepError` of `aws_durable_execution_sdk_python.exceptions.StepError`. */
export const shortType = (type: string): string => type.match(/^(?:\w+(?:\.|::))+(\w+)$/)?.[1] ?? type
