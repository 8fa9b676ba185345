import { describe, expect, it } from 'vitest'
import { spans } from './trace'

const segment = (document: unknown) => ({ trace_id: 't', received_at: 0, document })

describe('a trace', () => {
  it('nests subsegments and segments of other functions', () => {
    const found = spans(
      [
        segment({ id: 'b', name: 'fraud-check', parent_id: 'a1', start_time: 2, end_time: 3, fault: true }),
        segment({ id: 'a', name: 'api', start_time: 1, end_time: 5, subsegments: [{ id: 'a1', name: 'invoke', start_time: 1.5, end_time: 4 }] }),
      ],
      9_000,
    )
    expect(found.map(({ name, depth, from, to, trouble }) => [name, depth, from, to, trouble])).toEqual([
      ['api', 0, 1_000, 5_000, null],
      ['invoke', 1, 1_500, 4_000, null],
      ['fraud-check', 2, 2_000, 3_000, 'fault'],
    ])
  })

  it('takes the last of two documents, draws what is open to now, and survives nonsense', () => {
    const found = spans([segment({ id: 'a', name: 'x', start_time: 1, in_progress: true }), segment(null), segment('text'), segment({ name: 'no start' }), segment({ id: 'a', name: 'y', start_time: 1 })], 3_000)
    expect(found.map(({ name, to, isOpen }) => [name, to, isOpen])).toEqual([['y', 3_000, true]])
  })
})
