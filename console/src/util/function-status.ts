/** What follows from a function's status. */

import type { FunctionStats, FunctionStatus } from '../api/types'

export interface Processes {
  /** Idle, and ready for the next invocation. */
  warm: number
  /** With an invocation. */
  busy: number
  /** Invocations that wait for a process. */
  queued: number
}

export function processesOf(status: Pick<FunctionStatus, 'versions'>): Processes {
  const sum = (of: (version: FunctionStatus['versions'][number]) => number) => status.versions.reduce((total, version) => total + of(version), 0)
  return { warm: sum(({ warm }) => warm), busy: sum(({ busy }) => busy), queued: sum(({ queued }) => queued) }
}

export const openExecutionsOf = (status: Pick<FunctionStatus, 'versions'>): number => status.versions.reduce((total, { open_executions }) => total + open_executions, 0)

/** The part of invocations that failed; none when there were none. */
export const errorRate = ({ invocations, errors }: Pick<FunctionStats, 'invocations' | 'errors'>): number | null => (invocations === 0 ? null : errors / invocations)

/** `0%`, `0.4%`, `12%`; what is not nothing is not shown as nothing. */
export function formatRate(rate: number | null): string {
  if (rate === null) return '–'
  const percent = rate * 100
  if (percent > 0 && percent < 0.1) return '<0.1%'
  return `${percent > 0 && percent < 10 ? Number(percent.toFixed(1)) : Math.round(percent)}%`
}

/** Functions of which name, description, runtime, version or alias has every word of `text`. */
export function searchFunctions(functions: readonly FunctionStatus[], text: string): FunctionStatus[] {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== '')
  return functions.filter((status) => {
    const { function: name, description, runtime, is_durable, versions } = status
    const where = [name, description, runtime, is_durable ? 'durable' : 'plain', ...versions.flatMap(({ version, aliases }) => [version, ...aliases])].join(' ').toLowerCase()
    return words.every((word) => where.includes(word))
  })
}
