/** What is selected on the page: in the URL, so that it can be linked to. */

import { useSearchParams } from 'react-router'
import { EXECUTION_TABS, type ExecutionTab } from '../../../util/paths'

export interface Selection {
  tab: ExecutionTab
  operation: string | null
  invocation: number | null
  event: number | null
  select: (next: { tab?: ExecutionTab; operation?: string | null; invocation?: number | null; event?: number | null }) => void
}

/** What a tab has in the URL for itself. */
const OF_TAB = ['find', 'level', 'event']

export function useSelection(): Selection {
  const [parameters, setParameters] = useSearchParams()
  const number = (name: string) => {
    const value = Number(parameters.get(name) ?? Number.NaN)
    return Number.isInteger(value) ? value : null
  }
  return {
    tab: EXECUTION_TABS.find((it) => it === parameters.get('tab')) ?? 'timeline',
    operation: parameters.get('operation'),
    invocation: number('invocation'),
    event: number('event'),
    select: (next) =>
      setParameters(
        (old) => {
          // What was looked for in one tab is not what the next one is about.
          if (next.tab !== undefined && next.tab !== (old.get('tab') ?? 'timeline')) for (const name of OF_TAB) old.delete(name)
          for (const [name, value] of Object.entries(next)) {
            if (value === null || value === undefined) old.delete(name)
            else old.set(name, String(value))
          }
          return old
        },
        { replace: next.tab === undefined },
      ),
  }
}
