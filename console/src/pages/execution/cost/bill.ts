/** A bill in words: dollars, quantities and prices, as `lambdura cost` says them (`crates/cli/src/commands/cost.rs`). */

import type { CostKind, CostLine, CostUsage } from '../../../api/types'
import { formatBytes, formatNumber } from '../../../time/format'

/** With as many digits as it takes to say something: `$0.000112`, `$0.1120`, `$1,120.00`; `<$0.000001` and `$0` below. */
export function formatDollars(amount: number): string {
  if (amount <= 0) return '$0'
  if (amount < 0.000_001) return '<$0.000001'
  return `$${fixed(amount, amount >= 1 ? 2 : amount >= 0.01 ? 4 : 6)}`
}

/** `1 invocation`, `10 operations`, `1.8 GB-seconds`; what is counted in GB in the unit that suits it: `2.1 KB`. */
export function formatQuantity(quantity: number, unit: string): string {
  if (isBytes(unit)) return `${formatSize(quantity * GB)}${unit.slice(2)}`
  if (quantity === 1) return `1 ${singular(unit)}`
  if (Number.isInteger(quantity)) return `${formatNumber(quantity)} ${unit}`
  return `${formatFraction(quantity)} ${unit}`
}

/** What one unit costs, or a million of what is paid by the million: `$8.00 a million`, `$0.25 a GB`. Null where none was used. */
export function formatPrice({ amount, quantity, unit }: CostLine): string | null {
  if (quantity <= 0) return null
  const price = amount / quantity
  return isBytes(unit) || unit === 'GB-seconds' ? `$${exact(price)} a ${singular(unit)}` : `$${exact(price * 1_000_000)} a million`
}

/** The lines that there is something on. */
export const billed = (lines: readonly CostLine[]): CostLine[] => lines.filter(({ quantity }) => quantity > 0)

/** What AWS would have run. */
export const KIND_TEXT: Record<CostKind, string> = {
  DURABLE: 'a durable function',
  STANDARD: 'a standard state machine',
  EXPRESS: 'an Express state machine',
}

export interface Counted {
  label: string
  value: string
  /** What it is made of, or that it is free. */
  note?: string
}

/** What was counted. What the engine is paid by is there even if there is none of it; the rest only if there is some. */
export function counted(kind: CostKind, usage: CostUsage): Counted[] {
  const found: (Counted | null)[] = [
    kind === 'DURABLE' || usage.operations > 0 ? { label: 'Durable operations', value: formatNumber(usage.operations), ...noted(kindsText(usage.operations_by_kind)) } : null,
    kind === 'STANDARD' || usage.transitions > 0 ? { label: 'State transitions', value: formatNumber(usage.transitions) } : null,
    kind === 'EXPRESS' || usage.express_requests > 0 ? { label: 'Express executions', value: formatNumber(usage.express_requests) } : null,
    kind === 'DURABLE' || usage.bytes_written > 0 ? { label: 'Data written', value: formatSize(usage.bytes_written), note: 'inputs, results and errors' } : null,
    usage.bytes_passed > 0 ? { label: 'Data passed between states', value: formatSize(usage.bytes_passed), note: 'not paid for' } : null,
    { label: 'Requests', value: formatNumber(usage.requests), note: 'invocations of functions' },
    { label: 'GB-seconds', value: formatFraction(usage.gb_seconds_x86_64 + usage.gb_seconds_arm64), ...noted(processorsText(usage)) },
    usage.express_gb_seconds > 0 ? { label: 'GB-seconds of Express executions', value: formatFraction(usage.express_gb_seconds) } : null,
  ]
  return found.filter((it) => it !== null)
}

/** How the server calls the kinds of operations, for one and for several. */
const OPERATION_KINDS = {
  executions: ['start', 'starts'],
  step_attempts: ['attempt of a step', 'attempts of steps'],
  waits: ['wait', 'waits'],
  callbacks: ['callback', 'callbacks'],
  chained_invokes: ['chained invoke', 'chained invokes'],
  contexts: ['child context', 'child contexts'],
} as const

function kindsText(byKind: CostUsage['operations_by_kind']): string {
  const parts = Object.entries(OPERATION_KINDS).map(([kind, [one, several]]) => {
    const count = byKind[kind] ?? 0
    return count > 0 ? `${formatNumber(count)} ${count === 1 ? one : several}` : ''
  })
  return parts.filter((part) => part !== '').join(', ')
}

function processorsText({ gb_seconds_x86_64: x86, gb_seconds_arm64: arm }: CostUsage): string {
  if (x86 > 0 && arm > 0) return `${formatFraction(x86)} on x86-64, ${formatFraction(arm)} on Arm`
  return x86 > 0 ? 'on x86-64' : arm > 0 ? 'on Arm' : ''
}

const noted = (note: string): { note?: string } => (note === '' ? {} : { note })

const GB = 1_024 ** 3

/** Data, alone or by how long it is kept; not compute, which is memory by time. */
const isBytes = (unit: string): boolean => unit.startsWith('GB') && unit !== 'GB-seconds'

const singular = (unit: string): string => unit.replace(/s$/, '')

/** Less than a byte for a month is not nothing. */
const formatSize = (bytes: number): string => (bytes > 0 && bytes < 0.5 ? '<1 B' : formatBytes(Math.round(bytes)))

/** `12`, `1.8`, `0.031`, `<0.001`. */
function formatFraction(value: number): string {
  if (Number.isInteger(value)) return formatNumber(value)
  if (value < 0.001) return '<0.001'
  return fixed(value, value >= 1 ? 1 : 3)
}

function fixed(value: number, digits: number): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** A price of the table, out of a product and a factor of it: six digits are as many as there are, and hide what division adds. */
function exact(price: number): string {
  return Number(price.toPrecision(6)).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 12 })
}
