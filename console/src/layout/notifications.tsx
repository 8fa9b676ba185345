import Flashbar, { type FlashbarProps } from '@cloudscape-design/components/flashbar'
import { useSyncExternalStore } from 'react'

let items: readonly FlashbarProps.MessageDefinition[] = []
let count = 0
const listeners = new Set<() => void>()

function set(next: readonly FlashbarProps.MessageDefinition[]): void {
  items = next
  for (const listener of listeners) listener()
}

/** Says that something was done; the newest stand on top, at most three. */
export function notify(type: 'success' | 'info' | 'warning', content: string): void {
  count += 1
  const id = String(count)
  const dismiss = () => set(items.filter((item) => item.id !== id))
  set([{ id, type, content, dismissible: true, dismissLabel: 'Dismiss', onDismiss: dismiss }, ...items].slice(0, 3))
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function Notifications() {
  return <Flashbar items={useSyncExternalStore(subscribe, () => items)} />
}
