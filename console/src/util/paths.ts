/** Where things are: every link of the console is built here. */

export const EXECUTION_TABS = ['timeline', 'graph', 'operations', 'events', 'logs', 'trace', 'data', 'cost'] as const
export type ExecutionTab = (typeof EXECUTION_TABS)[number]

export const FUNCTION_TABS = ['overview', 'monitoring', 'logs', 'invoke'] as const
export type FunctionTab = (typeof FUNCTION_TABS)[number]

export const paths = {
  executions: (filter: { status?: string | readonly string[]; function?: string; version?: string; text?: string } = {}) => {
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(filter)) for (const one of value === undefined ? [] : [value].flat()) query.append(name, one)
    const text = query.toString()
    return text === '' ? '/executions' : `/executions?${text}`
  },
  execution: (id: string, at: { tab?: ExecutionTab; operation?: string } = {}) => {
    const query = new URLSearchParams()
    if (at.tab !== undefined) query.set('tab', at.tab)
    if (at.operation !== undefined) query.set('operation', at.operation)
    const text = query.toString()
    return `/executions/${encodeURIComponent(id)}${text === '' ? '' : `?${text}`}`
  },
  waiting: () => '/waiting',
  functions: () => '/functions',
  function: (name: string, tab?: FunctionTab) => `/functions/${encodeURIComponent(name)}${tab === undefined ? '' : `?tab=${tab}`}`,
  servers: () => '/servers',
  changes: () => '/changes',
  system: () => '/system',
} as const
