import { expect, it } from 'vitest'
import { formatOffset } from './format'

it('says how far in, as exactly as the marks beside it need', () => {
  const HOUR = 3_600_000
  expect(formatOffset(0, 1_000)).toBe('0')
  expect(formatOffset(250, 50)).toBe('+250 ms')
  expect(formatOffset(2_500, 500)).toBe('+2.5 s')
  expect(formatOffset(2_000, 1_000)).toBe('+2 s')
  expect(formatOffset(90_000, 30_000)).toBe('+1:30')
  expect(formatOffset(HOUR, 1_000)).toBe('+1:00:00')
  expect(formatOffset(HOUR + 400, 100)).toBe('+1:00:00.4')
  expect(formatOffset(51 * HOUR, HOUR)).toBe('+2 d 03:00:00')
})
