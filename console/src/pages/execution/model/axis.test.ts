import { describe, expect, it } from 'vitest'
import { makeAxis, ticks, zoom } from './axis'

describe('the axis', () => {
  const HOUR = 3_600_000
  const busy = [
    { from: 0, to: 2_000 },
    { from: HOUR, to: HOUR + 1_000 },
  ]

  it('shortens long waits and marks them', () => {
    const axis = makeAxis(0, HOUR + 1_000, [500, 2_000, HOUR], busy, true)
    expect(axis.breaks).toEqual([{ from: 2_000, to: HOUR, drawnFrom: 2_000, drawnTo: 2_450 }])
    expect(axis.place(1_000)).toBe(1_000)
    expect(axis.place(HOUR)).toBe(2_450)
    expect(axis.length).toBe(3_450)
    expect(axis.instant(axis.place(HOUR + 400))).toBeCloseTo(HOUR + 400)
  })

  it('leaves room for short work between many waits', () => {
    const bursts = Array.from({ length: 20 }, (_, index) => ({ from: index * HOUR, to: index * HOUR + 5 }))
    const axis = makeAxis(0, 19 * HOUR + 5, [], bursts, true)
    expect(axis.length).toBeLessThan(2 * 20 * 5)
    expect(axis.breaks).toHaveLength(19)
  })

  it('draws time as it is when nothing is to be shortened', () => {
    const axis = makeAxis(0, HOUR + 1_000, [], busy, false)
    expect(axis.length).toBe(HOUR + 1_000)
    expect(axis.breaks).toEqual([])
  })

  it('survives an execution of no length', () => {
    const axis = makeAxis(5, 5, [5], [], true)
    expect(axis.place(5)).toBe(0)
    expect(axis.length).toBe(1)
  })

  it('zooms around a place and stays within its length', () => {
    expect(zoom({ from: 0, to: 100 }, 0.5, 20, 100)).toEqual({ from: 10, to: 60 })
    expect(zoom({ from: 10, to: 60 }, 4, 20, 100)).toEqual({ from: 0, to: 100 })
  })

  it('is marked at round times, where time is not shortened', () => {
    const plain = makeAxis(0, 5_200, [], busy, false)
    expect(ticks(plain, { from: 0, to: 5_200 }, 6)).toEqual({ step: 1_000, marks: [0, 1_000, 2_000, 3_000, 4_000, 5_000].map((at) => ({ place: at, sinceStart: at })) })
    expect(ticks(plain, { from: 1_150, to: 1_650 }, 6).marks.map(({ sinceStart }) => sinceStart)).toEqual([1_200, 1_300, 1_400, 1_500, 1_600])

    const axis = makeAxis(0, HOUR + 1_000, [500, 2_000, HOUR], busy, true)
    expect(ticks(axis, { from: 0, to: axis.length }, 7)).toEqual({
      step: 500,
      marks: [
        { place: 0, sinceStart: 0 },
        { place: 500, sinceStart: 500 },
        { place: 1_000, sinceStart: 1_000 },
        { place: 1_500, sinceStart: 1_500 },
        { place: 2_450, sinceStart: HOUR },
        { place: 2_950, sinceStart: HOUR + 500 },
        { place: 3_450, sinceStart: HOUR + 1_000 },
      ],
    })
  })
})
