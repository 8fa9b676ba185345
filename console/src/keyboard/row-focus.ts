/** Moving through the rows of a list: the focus goes from one row's link to the next, and Enter follows it. */

import { useShortcuts } from './shortcuts'

/** Offers `j` and `k` for the lists under `container`, whose rows have one `[data-row] a` each, and `/` where they can be searched. */
export function useRowKeys(container: string, noun: string, isSearched = true): void {
  useShortcuts([
    { keys: 'j', label: `Next ${noun}`, run: () => moveFocus(container, 1) },
    { keys: 'k', label: `Previous ${noun}`, run: () => moveFocus(container, -1) },
    ...(isSearched ? [{ keys: '/', label: `Search the ${noun}s`, run: () => document.querySelector<HTMLInputElement>(`${container} input`)?.focus() }] : []),
  ])
}

function moveFocus(container: string, by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>(`${container} [data-row] a`)]
  const from = rows.findIndex((row) => row === document.activeElement)
  const to = from === -1 ? (by === 1 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, from + by))
  rows[to]?.focus()
}
