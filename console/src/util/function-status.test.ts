import { expect, test } from 'vitest'
import type { FunctionStatus } from '../api/types'
import { errorRate, formatRate, openExecutionsOf, processesOf, searchFunctions } from './function-status'

const version = (name: string, aliases: string[], open: number) => ({ version: name, aliases, published_at: 0, open_executions: open, warm: 1, busy: 2, queued: 3 })

const orders: FunctionStatus = {
  function: 'Orders',
  arn: 'arn:aws:lambda:us-east-1:123456789012:function:Orders',
  is_durable: true,
  runtime: 'nodejs22.x',
  timeout_seconds: 3,
  memory_mb: 128,
  concurrency_limit: 64,
  reserved: false,
  versions: [version('$LATEST', [], 1), version('4', ['live'], 7)],
  latest_version: '4',
  stats: { window_seconds: 3_600, invocations: 0, errors: 0, throttles: 0, buckets: [] },
}

test('processes and executions are summed over versions', () => {
  expect(processesOf(orders)).toEqual({ warm: 2, busy: 4, queued: 6 })
  expect(openExecutionsOf(orders)).toBe(8)
})

test('a rate', () => {
  expect(formatRate(errorRate({ invocations: 0, errors: 0 }))).toBe('–')
  expect(formatRate(errorRate({ invocations: 10, errors: 0 }))).toBe('0%')
  expect(formatRate(errorRate({ invocations: 3, errors: 1 }))).toBe('33%')
  expect(formatRate(0.004)).toBe('0.4%')
  expect(formatRate(0.000_01)).toBe('<0.1%')
})

test('every word must be somewhere', () => {
  expect(searchFunctions([orders], '')).toHaveLength(1)
  expect(searchFunctions([orders], 'ord LIVE durable')).toHaveLength(1)
  expect(searchFunctions([orders], 'orders python')).toHaveLength(0)
})
