import { expect, it } from 'vitest'
import type { CostUsage } from '../../../api/types'
import { billed, counted, formatDollars, formatPrice, formatQuantity } from './bill'

const NOTHING: CostUsage = {
  operations: 0,
  operations_by_kind: { executions: 0, step_attempts: 0, waits: 0, callbacks: 0, chained_invokes: 0, contexts: 0 },
  transitions: 0,
  express_requests: 0,
  express_gb_seconds: 0,
  bytes_written: 0,
  bytes_passed: 0,
  byte_hours_retained: 0,
  requests: 0,
  gb_seconds_x86_64: 0,
  gb_seconds_arm64: 0,
}

const price = (unit: string, quantity: number, each: number) => formatPrice({ meter: '', unit, quantity, amount: quantity * each })
const line = (meter: string, quantity: number) => ({ meter, quantity, unit: 'operations', amount: quantity })
const labels = (...of: Parameters<typeof counted>) => counted(...of).map(({ label }) => label)

it('says dollars with as many digits as it takes, as the command line does', () => {
  expect([0, 0.000_000_4, 0.000_112, 0.0293, 0.5015, 1, 29.333, 1_120_000].map(formatDollars)).toEqual(['$0', '<$0.000001', '$0.000112', '$0.0293', '$0.5015', '$1.00', '$29.33', '$1,120,000.00'])
})

it('says how many, and bytes in the unit that suits them', () => {
  const GB = 1_024 ** 3
  expect(formatQuantity(1, 'invocations')).toBe('1 invocation')
  expect(formatQuantity(10, 'operations')).toBe('10 operations')
  expect(formatQuantity(12_345, 'transitions')).toBe('12,345 transitions')
  expect(formatQuantity(1.76, 'GB-seconds')).toBe('1.8 GB-seconds')
  expect(formatQuantity(0.0314, 'GB-seconds')).toBe('0.031 GB-seconds')
  expect(formatQuantity(0.000_2, 'GB-seconds')).toBe('<0.001 GB-seconds')
  expect(formatQuantity(2_150 / GB, 'GB')).toBe('2.1 KB')
  expect(formatQuantity(212.4 / GB, 'GB-months')).toBe('212 B-months')
  expect(formatQuantity(0.1 / GB, 'GB-months')).toBe('<1 B-months')
})

it('says the prices of the table, without what a product and a division add', () => {
  expect(price('operations', 7, 8 / 1_000_000)).toBe('$8.00 a million')
  expect(price('invocations', 3, 0.2 / 1_000_000)).toBe('$0.20 a million')
  expect(price('GB', 0.000_001_7, 0.25)).toBe('$0.25 a GB')
  expect(price('GB-months', 0.000_000_3, 0.15)).toBe('$0.15 a GB-month')
  expect(price('GB-seconds', 1.7, 0.000_016_666_7)).toBe('$0.0000166667 a GB-second')
  expect(price('GB-seconds', 1.7, 0.000_013_333_4)).toBe('$0.0000133334 a GB-second')
  expect(price('operations', 0, 0.000_008)).toBeNull()
})

it('leaves out the lines that there is nothing on', () => {
  expect(billed([line('one', 1), line('none', 0), line('other', 0.001)]).map(({ meter }) => meter)).toEqual(['one', 'other'])
})

it('counts what each engine is paid by, and says of what there is none only where it matters', () => {
  expect(labels('DURABLE', NOTHING)).toEqual(['Durable operations', 'Data written', 'Requests', 'GB-seconds'])
  expect(labels('STANDARD', NOTHING)).toEqual(['State transitions', 'Requests', 'GB-seconds'])
  expect(labels('STANDARD', { ...NOTHING, operations: 3, bytes_written: 9, bytes_passed: 5 })).toEqual(['Durable operations', 'State transitions', 'Data written', 'Data passed between states', 'Requests', 'GB-seconds'])
  expect(labels('EXPRESS', { ...NOTHING, express_gb_seconds: 0.1 })).toEqual(['Express executions', 'Requests', 'GB-seconds', 'GB-seconds of Express executions'])
})

it('says what the operations are, and on which processors', () => {
  const usage = { ...NOTHING, operations: 4, operations_by_kind: { ...NOTHING.operations_by_kind, executions: 1, step_attempts: 2, waits: 1 }, gb_seconds_x86_64: 1.25, gb_seconds_arm64: 0.5 }
  const [operations, , , compute] = counted('DURABLE', usage)
  expect(operations).toEqual({ label: 'Durable operations', value: '4', note: '1 start, 2 attempts of steps, 1 wait' })
  expect(compute).toEqual({ label: 'GB-seconds', value: '1.8', note: '1.3 on x86-64, 0.500 on Arm' })
})
