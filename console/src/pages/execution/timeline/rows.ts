/** The tree of operations as rows: what is below a closed one is left out. */

import type { History, Operation } from '../model/history'

export interface TreeRow {
  operation: Operation
  depth: number
  isOpen: boolean
}

export function visibleRows(history: History, closed: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = []
  const add = (ids: readonly string[], depth: number) => {
    for (const id of ids) {
      const operation = history.operations.get(id)
      if (operation === undefined) continue
      const isOpen = operation.children.length > 0 && !closed.has(id)
      rows.push({ operation, depth, isOpen })
      if (isOpen) add(operation.children, depth + 1)
    }
  }
  add(history.roots, 0)
  return rows
}

/** Operations that others lie in. */
export const parents = (history: History): string[] => [...history.operations.values()].filter(({ children }) => children.length > 0).map(({ id }) => id)
