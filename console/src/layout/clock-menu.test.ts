import { expect, test } from 'vitest'
import type { Clock } from '../api/types'
import { standing } from './clock-menu'

const clock = (changes: Partial<Clock>): Clock => ({
  mode: 'auto',
  now_at: 3_600_000,
  real_now_at: 0,
  ahead_ms: 3_600_000,
  is_held: false,
  state: 'nothing_due',
  at_work: 0,
  busy_functions: [],
  unanswered: [],
  ...changes,
})

test('the clock says how far it is ahead and what it is at', () => {
  expect(standing(clock({}))).toBe('auto, 1 h ahead of the machine: nothing waits for any time')
  expect(standing(clock({ state: 'works', busy_functions: ['order'] }))).toBe('auto, 1 h ahead of the machine: order at work')
  const unanswered = [{ execution: 'arn', name: 'manager', callback_id: 'id', times_out: false }]
  expect(standing(clock({ state: 'waits_for_answers', unanswered }))).toBe('auto, 1 h ahead of the machine: it waits for manager to be answered')
  expect(standing(clock({ mode: 'manual', state: 'stands', ahead_ms: -60_000 }))).toBe('manual, 1 min behind the machine: it moves only on command')
})
