import { expect, test } from 'vitest'
import { timerPulse } from './health'

const pulse = (read_at: number | null, lag_ms: number) => timerPulse({ now_at: 100_000, timers: { read_at, lag_ms } })

test('timers are on time, late or silent', () => {
  expect(pulse(null, 0)).toEqual({ text: 'Not read yet', isWarning: false })
  expect(pulse(99_000, 20)).toEqual({ text: 'On time', isWarning: false })
  expect(pulse(99_000, 12_000)).toMatchObject({ isWarning: true })
  expect(pulse(99_000, 12_000).text).toMatch(/^12.* late$/)
  expect(pulse(20_000, 0).text).toMatch(/^Silent for /)
})
