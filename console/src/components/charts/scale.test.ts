import { expect, test } from 'vitest'
import { onEveryStep, runs, scaleTo, timeTicks } from './scale'

test('an axis ends at a round figure', () => {
  expect(scaleTo(87)).toEqual({ max: 100, ticks: [0, 25, 50, 75, 100] })
  expect(scaleTo(0.3)).toEqual({ max: 0.3, ticks: [0, 0.1, 0.2, 0.3] })
  expect(scaleTo(1_234).max).toBe(1_500)
})

test('an axis for nothing still has a height', () => {
  expect(scaleTo(0, true)).toEqual({ max: 1, ticks: [0, 1] })
  expect(scaleTo(Number.NaN, true).max).toBe(1)
})

test('what is counted has no fractions beside it', () => {
  expect(scaleTo(3, true).ticks).toEqual([0, 1, 2, 3])
  expect(scaleTo(7, true).ticks).toEqual([0, 2, 4, 6, 8])
})

test('a gap ends a line', () => {
  const points = [1, 2, null, null, 3].map((value, at) => ({ at, value }))
  expect(runs(points).map((run) => run.map(({ value }) => value))).toEqual([[1, 2], [3]])
})

test('steps without a point are filled', () => {
  expect(onEveryStep([{ at: 65, value: 7 }], 0, 125, 60, 0)).toEqual([
    { at: 0, value: 0 },
    { at: 60, value: 7 },
    { at: 120, value: 0 },
  ])
})

test('the time axis has round minutes', () => {
  const minute = 60_000
  expect(timeTicks(3 * minute, 63 * minute, 6).map((at) => at / minute)).toEqual([10, 20, 30, 40, 50, 60])
})
