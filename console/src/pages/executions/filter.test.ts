import { describe, expect, it } from 'vitest'
import { fromTokens, readFilter, readInstant, toTokens, writeFilter } from './filter'

const NOW = Date.parse('2026-11-25T12:00:00Z')

describe('the filter', () => {
  it('survives the URL and the field', () => {
    const filter = { status: ['FAILED', 'TIMED_OUT'], function: 'Loan', name_contains: 'LOAN-1', text: 'out of stock & more', started_after: NOW - 1_000 }
    expect(readFilter(writeFilter(filter))).toEqual(filter)
    expect(fromTokens(toTokens(filter), NOW)).toEqual(filter)
  })

  it('leaves out what it does not understand', () => {
    expect(readFilter(new URLSearchParams('status=BROKEN&started_after=noon&function=&page=2'))).toEqual({})
    expect(fromTokens([{ propertyKey: 'status', operator: '=', value: ['Nonsense'] }], NOW)).toEqual({})
  })

  it('takes words for statuses and ages for instants', () => {
    const tokens = [
      { propertyKey: 'status', operator: '=', value: 'timed out' },
      { propertyKey: 'started', operator: '>', value: '1 hour ago' },
    ]
    expect(fromTokens(tokens, NOW)).toEqual({ status: ['TIMED_OUT'], started_after: NOW - 3_600_000 })
    expect(readInstant('2026-11-25T11:00:00Z', NOW)).toBe(NOW - 3_600_000)
    expect(readInstant('soon', NOW)).toBeNull()
  })
})
