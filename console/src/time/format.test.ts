import { expect, it } from 'vitest'
import durations from './durations.json'
import { formatDuration, formatOffset, formatRelative, formatRunning, formatSetting, formatShortInstant } from './format'

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

it.each(durations)('says %d ms as %s, as the command line does', (millis, text) => {
  expect(formatDuration(millis as number)).toBe(text)
})

it('says what runs in whole seconds, and what was chosen without rounding', () => {
  expect([0, 400, 59_400, 59_900, 119_000].map(formatRunning)).toEqual(['0 s', '0 s', '59 s', '1 min', '1 min 59 s'])
  expect([0, 30, 90, 1_800, 90_061].map(formatSetting)).toEqual(['0 s', '30 s', '1 min 30 s', '30 min', '1 d 1 h 1 min 1 s'])
})

it('says how long ago, and how soon, without rounding down', () => {
  const now = 1_000_000_000
  expect([500, 59_900, 119_000, 7_170_000].map((ago) => formatRelative(now - ago, now))).toEqual(['just now', '1 min ago', '1 min 59 s ago', '2 h ago'])
  expect([500, 7_600, 119_000].map((soon) => formatRelative(now + soon, now))).toEqual(['in 1 s', 'in 8 s', 'in 1 min 59 s'])
})

it('leaves the day out of an instant of today, and the seconds out of all others', () => {
  const at = Date.UTC(2026, 10, 25, 9, 0, 12)
  expect(formatShortInstant(at, 'utc', Date.UTC(2026, 10, 25, 23))).toBe('09:00:12Z')
  expect(formatShortInstant(at, 'utc', Date.UTC(2026, 10, 26, 1))).toBe('25 Nov, 09:00Z')
  expect(formatShortInstant(at, 'utc', Date.UTC(2027, 0, 1))).toBe('2026-11-25')
  expect(formatShortInstant(at, 'relative', at + 8_000)).toBe('8 s ago')
})
