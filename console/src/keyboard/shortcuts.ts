/** Keyboard shortcuts: a page says what it offers, and `?` shows what is on offer. */

import { useEffect, useEffectEvent, useLayoutEffect, useSyncExternalStore } from 'react'

export interface Shortcut {
  /** A key, or two in a row with a space between: `/`, `j`, `g e`. */
  keys: string
  label: string
  run: () => void
}

/** Milliseconds within which the second of two keys must follow. */
const SEQUENCE_WITHIN = 1_000

let offered: readonly Shortcut[] = []
const listeners = new Set<() => void>()

function offer(shortcuts: readonly Shortcut[]): () => void {
  // What was offered last counts first: a dialog over the page that it covers.
  offered = [...shortcuts, ...offered]
  for (const listener of listeners) listener()
  return () => {
    offered = offered.filter((shortcut) => !shortcuts.includes(shortcut))
    for (const listener of listeners) listener()
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** All shortcuts that work at the moment. */
export const useOffered = (): readonly Shortcut[] => useSyncExternalStore(subscribe, () => offered)

/** Offers shortcuts while the component is shown; their number and keys must not change. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const run = useEffectEvent((index: number) => shortcuts[index]?.run())
  const described = JSON.stringify(shortcuts.map(({ keys, label }) => ({ keys, label })))
  // Before the page is painted: the keys work from the moment that what they act on is seen.
  useLayoutEffect(() => {
    const parsed = JSON.parse(described) as { keys: string; label: string }[]
    return offer(parsed.map(({ keys, label }, index) => ({ keys, label, run: () => run(index) })))
  }, [described])
}

/** Listens to the keyboard, once for the page. */
export function useShortcutKeys(): void {
  useEffect(() => {
    let first: { key: string; at: number } | null = null
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const sequence = first !== null && performance.now() - first.at < SEQUENCE_WITHIN ? `${first.key} ${event.key}` : null
      first = { key: event.key, at: performance.now() }
      const found = offered.find((shortcut) => shortcut.keys === sequence) ?? offered.find((shortcut) => shortcut.keys === event.key)
      if (found === undefined) return
      event.preventDefault()
      first = null
      found.run()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
}

/** Whoever writes text means letters by them. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type))
}
