import { describe, expect, it } from 'vitest'
import { treeLines } from './tree'

describe('the tree', () => {
  it('opens two levels, and what the reader opens', () => {
    const value = { a: { b: { c: 1 } }, list: [], text: '<b>' }
    const texts = (toggled: string[]) => treeLines(value, new Set(toggled)).map(({ depth, key, text }) => `${' '.repeat(depth)}${key ?? ''} ${text}`)
    expect(texts([])).toEqual([' { 3 }', ' a { 1 }', '  b { 1 }', ' list []', ' text "<b>"'])
    expect(texts(['$.a.b'])).toContain('   c 1')
    expect(texts(['$'])).toEqual([' { 3 }'])
  })

  it('keeps large lists closed and long texts short', () => {
    const lines = treeLines({ many: Array.from({ length: 1_000 }, (_, index) => index), long: 'x'.repeat(5_000) }, new Set())
    expect(lines).toHaveLength(3)
    expect(lines[2]?.text.length).toBeLessThan(2_100)
  })
})
