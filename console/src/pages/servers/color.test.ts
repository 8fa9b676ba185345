import { expect, test } from 'vitest'
import { COLORS, colorOf } from './color'

const servers = (...ids: string[]) => ids.map((id) => ({ id }))
const colors = (...ids: string[]) => ids.map((_, place) => colorOf(servers(...ids), place))

test('servers differ while there are colours', () => {
  const ids = Array.from({ length: COLORS }, (_, number) => `00000000000000${number}8`)
  expect(new Set(colors(...ids)).size).toBe(COLORS)
})

test('a server keeps its colour when another one comes', () => {
  const [first, second] = colors('0000000000000003', '0000000000000005')
  expect(colors('0000000000000003', '0000000000000005', '000000000000000b').slice(0, 2)).toEqual([first, second])
})

test('more servers than colours have colours all the same', () => {
  const ids = Array.from({ length: 30 }, (_, number) => number.toString(16).padStart(16, '0'))
  for (const color of colors(...ids)) expect(color).toBeLessThan(COLORS)
})
