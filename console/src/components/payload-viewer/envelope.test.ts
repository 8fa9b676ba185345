import { describe, expect, it } from 'vitest'
import { SdkValue, unwrap } from './envelope'
import { treeLines } from './tree'

const wrapped = (value: unknown): unknown => {
  if (value === null) return { t: 'n', v: null }
  if (typeof value === 'string') return { t: 's', v: value }
  if (typeof value === 'number') return { t: Number.isInteger(value) ? 'i' : 'f', v: value }
  if (typeof value === 'boolean') return { t: 'b', v: value }
  if (Array.isArray(value)) return { t: 'l', v: value.map(wrapped) }
  return { t: 'm', v: Object.fromEntries(Object.entries(value as object).map(([name, member]) => [name, wrapped(member)])) }
}

describe('an envelope of an SDK', () => {
  it('is taken off, at every level', () => {
    const value = { order: 'A-1', lines: [{ quantity: 2, price: 9.5 }, null], paid: true }
    expect(JSON.parse(JSON.stringify(unwrap(wrapped(value))?.value))).toEqual(value)
  })

  it('leaves the types that JSON has not beside their texts', () => {
    const value = unwrap({ t: 'm', v: { total: { t: 'd', v: '129.90' }, at: { t: 'dt', v: '2026-11-28T09:30:00' } } })?.value
    expect(value).toEqual(Object.assign(Object.create(null), { total: new SdkValue('decimal', '129.90'), at: new SdkValue('date and time', '2026-11-28T09:30:00') }))
    expect(treeLines(value, new Set()).map(({ key, text, note }) => [key, text, note])).toEqual([
      [null, '{ 2 }', null],
      ['total', '"129.90"', 'decimal'],
      ['at', '"2026-11-28T09:30:00"', 'date and time'],
    ])
  })

  it('is that of a batch, of a tuple and of a file serializer too', () => {
    expect(unwrap({ t: 'br', v: { all: { t: 'l', v: [] }, completionReason: { t: 's', v: 'ALL_COMPLETED' } } })?.value).toEqual(Object.assign(Object.create(null), { all: [], completionReason: 'ALL_COMPLETED' }))
    expect(unwrap({ t: 't', v: [{ t: 'i', v: 1 }] })?.value).toEqual([1])
    expect(unwrap({ data: '{"a": 1}' })?.value).toEqual({ a: 1 })
    expect(JSON.stringify(unwrap({ data: JSON.stringify(wrapped({ a: 1 })) })?.value)).toBe('{"a":1}')
  })

  it.each([
    ['a value of its own', { t: 's', v: 'x' }],
    ['more members than the two', { t: 'm', v: {}, w: 1 }],
    ['an unknown tag', { t: 'q', v: {} }],
    ['a name of the language', { t: 'constructor', v: 'x' }],
    ['a member that is not wrapped', { t: 'm', v: { a: 1 } }],
    ['another type than the tag says', { t: 'l', v: [{ t: 'i', v: 'x' }] }],
    ['a text', 'text'],
    ['a number in data', { data: '5' }],
    ['no JSON in data', { data: '{' }],
    ['data beside something', { data: '{}', next: 1 }],
  ])('is not seen in %s', (_, value) => {
    expect(unwrap(value)).toBeUndefined()
  })

  it('that is nested without an end, or named like a prototype, does no harm', () => {
    let deep: unknown = { t: 's', v: '' }
    for (let level = 0; level < 5_000; level += 1) deep = { t: 'l', v: [deep] }
    expect(unwrap(deep)).toBeUndefined()
    const value = unwrap(JSON.parse('{"t":"m","v":{"__proto__":{"t":"s","v":"x"}}}'))?.value
    expect(Object.entries(value as object)).toEqual([['__proto__', 'x']])
  })
})
