import { expect, test } from 'vitest'
import { durabilityLevel, formatMicros } from './durability'

test('how long a disk takes', () => {
  expect([412, 3_900, 42_000, 1_240_000, null].map(formatMicros)).toEqual(['412 µs', '3.9 ms', '42 ms', '1.2 s', '–'])
})

test('a level that this page does not know is shown as it is called', () => {
  expect(durabilityLevel('disk').type).toBe('success')
  expect(durabilityLevel('quorum').label).toBe('quorum')
})
