/** What each level of durability promises: crates/cli/src/up/table.rs says the same at the start. */

import type { StatusIndicatorProps } from '@cloudscape-design/components/status-indicator'

interface Level {
  type: StatusIndicatorProps.Type
  label: string
  meaning: string
}

const LEVELS: Record<string, Level> = {
  disk: { type: 'success', label: 'Disk', meaning: 'Acknowledged requests survive a power failure: each commit waits for the disk.' },
  os: { type: 'warning', label: 'Operating system', meaning: 'Acknowledged requests survive the death of this process, but not of the machine.' },
  memory: { type: 'warning', label: 'Memory', meaning: 'Nothing survives the end of this process: for tests.' },
}

export const durabilityLevel = (name: string): Level => LEVELS[name] ?? { type: 'info', label: name, meaning: '' }

/** `412 µs`, `3.9 ms`, `1.2 s`. */
export function formatMicros(micros: number | null | undefined): string {
  if (micros === null || micros === undefined) return '–'
  if (micros < 1_000) return `${Math.round(micros)} µs`
  if (micros < 1_000_000) return `${round(micros / 1_000)} ms`
  return `${round(micros / 1_000_000)} s`
}

const round = (value: number): string => (value < 10 ? value.toFixed(1) : String(Math.round(value)))
