import { expect, test } from 'vitest'
import { allStates, readDefinition } from './definition'
import { type Drawing, layout, type Node, pathOf } from './layout'

const drawn = (states: object, startAt = 'A'): Drawing => {
  return layout(sure(readDefinition(JSON.stringify({ StartAt: startAt, States: states }))))
}

const node = ({ nodes }: Drawing, path: string): Node => {
  return sure(nodes.find(({ state }) => state.path === path))
}

const pass = (next?: string) => ({ Type: 'Pass', ...(next === undefined ? { End: true } : { Next: next }) })

const inner = (name: string) => ({ StartAt: name, States: { [name]: pass() } })

/** What has to be there. */
function sure<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('it is not there')
  return value
}

/** Whether two boxes touch. */
const overlap = (a: Node, b: Node): boolean => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

test('states that follow each other are drawn below each other, between start and end', () => {
  const drawing = drawn({ A: pass('B'), B: pass('C'), C: pass() })
  const [a, b, c] = [node(drawing, '/A'), node(drawing, '/B'), node(drawing, '/C')]
  expect(a.y).toBeLessThan(b.y)
  expect(b.y).toBeLessThan(c.y)
  expect(new Set([a.x, b.x, c.x]).size).toBe(1)
  expect(drawing.marks).toHaveLength(2)
  expect(drawing.edges.map(({ from, to }) => [from, to])).toEqual(expect.arrayContaining([[null, '/A'], ['/A', '/B'], ['/C', null]]))
})

test('a choice spreads, and nothing overlaps', () => {
  const drawing = drawn({
    A: { Type: 'Choice', Choices: [{ Next: 'B' }, { Next: 'C' }, { Next: 'B' }], Default: 'D' },
    B: pass('E'),
    C: pass('E'),
    D: { Type: 'Fail' },
    E: pass(),
  })
  for (const one of drawing.nodes) for (const other of drawing.nodes) if (one !== other) expect(overlap(one, other), `${one.state.path} and ${other.state.path}`).toBe(false)
  expect(new Set(['/B', '/C', '/D'].map((path) => node(drawing, path).y)).size).toBe(1)
  expect(drawing.edges.filter(({ from }) => from === '/A').map(({ to, kind }) => [to, kind])).toEqual([['/B', 'choice'], ['/C', 'choice'], ['/D', 'default']])
})

test('a loop leads back around what is between, and does not push states down', () => {
  const drawing = drawn({ A: pass('B'), B: { Type: 'Choice', Choices: [{ Next: 'A' }], Default: 'C' }, C: pass() })
  const back = sure(drawing.edges.find(({ isBack }) => isBack))
  expect([back.from, back.to]).toEqual(['/B', '/A'])
  expect(Math.max(...back.points.map(({ x }) => x))).toBeGreaterThan(node(drawing, '/A').x + node(drawing, '/A').width)
  expect(drawing.width).toBeGreaterThanOrEqual(Math.max(...back.points.map(({ x }) => x)))
  expect(node(drawing, '/A').y).toBeLessThan(node(drawing, '/B').y)
})

test('branches and item processors lie in the frame of their state', () => {
  const drawing = drawn({
    A: { Type: 'Parallel', Branches: [inner('Left'), inner('Right')], Catch: [{ ErrorEquals: ['States.ALL'], Next: 'C' }], Next: 'B' },
    B: { Type: 'Map', ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED' }, ...inner('Item') }, End: true },
    C: { Type: 'Fail' },
  })
  for (const [path, frame] of [['/A/0/Left', '/A'], ['/A/1/Right', '/A'], ['/B/0/Item', '/B']] as const) {
    const [within, around] = [node(drawing, path), node(drawing, frame)]
    expect(around.isFrame).toBe(true)
    expect(within.x).toBeGreaterThan(around.x)
    expect(within.x + within.width).toBeLessThan(around.x + around.width)
    expect(within.y + within.height).toBeLessThan(around.y + around.height)
  }
  expect(overlap(node(drawing, '/A/0/Left'), node(drawing, '/A/1/Right'))).toBe(false)
  expect(node(drawing, '/B').state.isDistributed).toBe(true)
  expect(drawing.edges.find(({ kind }) => kind === 'catch')?.to).toBe('/C')
})

test('a long edge goes past the states between', () => {
  const drawing = drawn({ A: { Type: 'Choice', Choices: [{ Next: 'B' }], Default: 'D' }, B: pass('C'), C: pass('D'), D: pass() })
  const long = sure(drawing.edges.find(({ from, to }) => from === '/A' && to === '/D'))
  expect(long.points.length).toBeGreaterThan(2)
  for (const { x, y } of long.points.slice(1, -1)) for (const path of ['/B', '/C']) {
    const box = node(drawing, path)
    expect(x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height, path).toBe(false)
  }
  expect(pathOf(long)).toMatch(/^M [\d.]+ [\d.]+( [CL] [-\d. ]+)+$/)
})

test('hundreds of states are drawn in no time, and names of any kind', () => {
  const states: Record<string, object> = {}
  for (let number = 0; number < 300; number += 1) states[`s${number}`] = number === 299 ? pass() : { Type: 'Choice', Choices: [{ Next: `s${number + 1}` }, { Next: `s${Math.min(299, number + 7)}` }], Default: 's0' }
  const before = performance.now()
  expect(drawn(states, 's0').nodes).toHaveLength(300)
  expect(performance.now() - before).toBeLessThan(2_000)
  const odd = readDefinition(JSON.stringify({ StartAt: '__proto__', States: { ['__proto__x']: pass(), 'a/b': pass() } }))
  expect(allStates(sure(odd)).map(({ name }) => name)).toEqual(['__proto__x', 'a/b'])
})

test('what is no definition is none', () => {
  for (const text of ['', 'null', '[]', '{}', '{"States": 1}', '{"States": {}}']) expect(readDefinition(text), text).toBeNull()
  // Wrong parts are left out.
  expect(drawn({ A: { Type: 1, Next: ['x'], Choices: 'y', Catch: [null] } }).nodes).toHaveLength(1)
})
