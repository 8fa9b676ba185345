import { expect, it } from 'vitest'
import { bytes, clock, count, duration, money, moneyExact, price, rate } from './format'
import { LIVE_DELAY, pollDelay } from './poll-delay'

it('shows cents where there are any', () => {
  expect(money(150_000)).toBe('$150,000')
  expect(money(1250.5)).toBe('$1,250.50')
  expect(moneyExact(3_000)).toBe('$3,000.00')
  expect(rate(7.5)).toBe('7.50%')
})

it.each([
  [0, '0.0 s'],
  [-5, '0.0 s'],
  [2_140, '2.1 s'],
  [59_949, '59.9 s'],
  [59_951, '1:00 min'],
  [65_000, '1:05 min'],
  [3_723_000, '1:02:03 h'],
])('%d ms is %s', (milliseconds, shown) => {
  expect(duration(milliseconds)).toBe(shown)
})

it('has as many digits of a price as say something', () => {
  expect([0, 0.000_112, 0.112, 112, 1_234.5].map(price)).toEqual(['$0', '$0.000112', '$0.1120', '$112.00', '$1,234.50'])
  expect(count(1_000_000)).toBe('1,000,000')
  expect([812, 3_500].map(bytes)).toEqual(['812 bytes', '3.4 KB'])
})

it('shows a time it cannot read as it came', () => {
  expect(clock('soon')).toBe('soon')
  expect(clock('2026-01-15T10:00:00.120Z')).toMatch(/^\d\d:00:00\.120$/)
})

it('reads twice a second while someone looks, and backs off otherwise', () => {
  expect(pollDelay(0, false)).toBe(LIVE_DELAY)
  expect([1, 2, 3, 50].map((failures) => pollDelay(failures, false))).toEqual([1_000, 2_000, 3_000, 3_000])
  expect(pollDelay(0, true)).toBe(5_000)
  expect(pollDelay(50, true)).toBe(5_000)
})
