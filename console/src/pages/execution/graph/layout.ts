/**
 * Where states are drawn: in rows from the top, each below all that lead to it; states within others in their frame.
 * An edge that leads back up goes around on the right.
 */

import type { EdgeKind, Scope, State } from './definition'

/** Pixels. */
export const NODE = { width: 172, height: 48 }
const GAP = { x: 28, y: 46 }
const FRAME = { top: 40, side: 16, bottom: 18 }
/** A place that an edge passes through on its way down more than one row. */
const PASSAGE = 14
const MARK = 18
/** How far an edge that leads back keeps away from what it goes around. */
const DETOUR = 18

export interface Box {
  x: number
  y: number
  width: number
  height: number
}

export interface Node extends Box {
  state: State
  isFrame: boolean
}

export interface Edge {
  /** Paths of the states; null is the start or the end. */
  from: string | null
  to: string | null
  kind: EdgeKind
  points: { x: number; y: number }[]
  isBack: boolean
}

export interface Drawing {
  width: number
  height: number
  nodes: Node[]
  edges: Edge[]
  /** Where everything begins, and where it ends. */
  marks: Box[]
}

interface Item {
  key: string
  width: number
  height: number
  state: State | null
  inner: Drawing[]
  row: number
  /** Its middle. */
  x: number
}

interface Link {
  from: string
  to: string
  kind: EdgeKind
  isBack: boolean
  through: string[]
}

const START = '\u0000start'
const END = '\u0000end'

/** The drawing of a definition, with its start and its end. */
export const layout = (scope: Scope): Drawing => layoutScope(scope, true)

function layoutScope(scope: Scope, isOutermost: boolean): Drawing {
  const items = new Map<string, Item>()
  for (const state of scope.states.values()) items.set(state.name, itemOf(state))
  const links: Link[] = []
  for (const state of scope.states.values()) for (const { to, kind } of state.targets) if (items.has(to)) links.push({ from: state.name, to, kind, isBack: false, through: [] })
  if (isOutermost) {
    for (const key of [START, END]) items.set(key, { key, width: MARK, height: MARK, state: null, inner: [], row: 0, x: 0 })
    if (items.has(scope.startAt)) links.push({ from: START, to: scope.startAt, kind: 'next', isBack: false, through: [] })
    for (const state of scope.states.values()) if (state.isEnd) links.push({ from: state.name, to: END, kind: 'next', isBack: false, through: [] })
  }
  markBackLinks(isOutermost ? START : scope.startAt, items, links)
  const rows = rank(items, links)
  order(rows, items, links)
  place(rows, items, links)
  return draw(rows, items, links)
}

function itemOf(state: State): Item {
  const inner = state.scopes.map((scope) => layoutScope(scope, false))
  const item = { key: state.name, state, inner, row: 0, x: 0 }
  if (inner.length === 0) return { ...item, ...NODE }
  const width = inner.reduce((sum, drawing) => sum + drawing.width, 0) + GAP.x * (inner.length - 1) + 2 * FRAME.side
  const height = Math.max(...inner.map((drawing) => drawing.height)) + FRAME.top + FRAME.bottom
  return { ...item, width: Math.max(width, NODE.width), height }
}

function byFrom(links: readonly Link[]): Map<string, Link[]> {
  const grouped = new Map<string, Link[]>()
  for (const link of links) {
    const known = grouped.get(link.from)
    if (known === undefined) grouped.set(link.from, [link])
    else known.push(link)
  }
  return grouped
}

/** Links to a state that is being walked through lead back. Without recursion: definitions may be long. */
function markBackLinks(start: string, items: Map<string, Item>, links: Link[]): void {
  const leaving = byFrom(links)
  const seen = new Set<string>()
  const open = new Set<string>()
  for (const first of [start, ...items.keys()]) {
    if (seen.has(first) || !items.has(first)) continue
    const walk: { key: string; next: number }[] = [{ key: first, next: 0 }]
    seen.add(first)
    open.add(first)
    for (let top = walk.at(-1); top !== undefined; top = walk.at(-1)) {
      const link = leaving.get(top.key)?.[top.next]
      top.next += 1
      if (link === undefined) {
        open.delete(top.key)
        walk.pop()
      } else if (open.has(link.to)) {
        link.isBack = true
      } else if (!seen.has(link.to)) {
        seen.add(link.to)
        open.add(link.to)
        walk.push({ key: link.to, next: 0 })
      }
    }
  }
}

/** Puts each item below all that lead to it, and passages for long links into the rows between. */
function rank(items: Map<string, Item>, links: Link[]): Item[][] {
  const forward = links.filter(({ isBack }) => !isBack)
  const leaving = byFrom(forward)
  const waiting = new Map([...items.keys()].map((key) => [key, 0]))
  for (const { to } of forward) waiting.set(to, (waiting.get(to) ?? 0) + 1)
  const ready = [...items.keys()].filter((key) => waiting.get(key) === 0)
  for (let index = 0; index < ready.length; index += 1) {
    const from = items.get(ready[index] ?? '')
    for (const { to } of leaving.get(from?.key ?? '') ?? []) {
      const item = items.get(to)
      if (item === undefined || from === undefined) continue
      item.row = Math.max(item.row, from.row + 1)
      waiting.set(to, (waiting.get(to) ?? 0) - 1)
      if (waiting.get(to) === 0) ready.push(to)
    }
  }
  const end = items.get(END)
  if (end !== undefined) end.row = Math.max(...[...items.values()].map(({ key, row }) => (key === END ? row : row + 1)))
  const rows: Item[][] = []
  const add = (item: Item) => (rows[item.row] ??= []).push(item)
  for (const item of items.values()) add(item)
  forward.forEach((link, number) => {
    const [from, to] = [items.get(link.from)?.row ?? 0, items.get(link.to)?.row ?? 0]
    for (let row = from + 1; row < to; row += 1) {
      const key = `\u0000${number}/${row}`
      const passage = { key, width: PASSAGE, height: 0, state: null, inner: [], row, x: 0 }
      items.set(key, passage)
      link.through.push(key)
      add(passage)
    }
  })
  for (let row = 0; row < rows.length; row += 1) rows[row] ??= []
  return rows
}

/** Keys of neighbours in the row above, and in the row below. */
function neighbours(links: Link[]): { above: Map<string, string[]>; below: Map<string, string[]> } {
  const above = new Map<string, string[]>()
  const below = new Map<string, string[]>()
  for (const { from, to, isBack, through } of links) {
    if (isBack) continue
    const way = [from, ...through, to]
    for (let index = 1; index < way.length; index += 1) {
      const [upper, lower] = [way[index - 1] ?? '', way[index] ?? '']
      above.set(lower, [...(above.get(lower) ?? []), upper])
      below.set(upper, [...(below.get(upper) ?? []), lower])
    }
  }
  return { above, below }
}

const SWEEPS = 8

/** Orders rows so that links cross little: each item by the middle of its neighbours. */
function order(rows: Item[][], items: Map<string, Item>, links: Link[]): void {
  const { above, below } = neighbours(links)
  const position = new Map<string, number>()
  const number = (row: Item[]) => row.forEach(({ key }, index) => position.set(key, index))
  rows.forEach(number)
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const isDown = sweep % 2 === 0
    for (const row of isDown ? rows : rows.toReversed()) {
      const middle = (item: Item): number => {
        const near = (isDown ? above : below).get(item.key) ?? []
        if (near.length === 0) return position.get(item.key) ?? 0
        return near.reduce((sum, key) => sum + (position.get(key) ?? 0), 0) / near.length
      }
      const middles = new Map(row.map((item) => [item.key, middle(item)]))
      row.sort((a, b) => (middles.get(a.key) ?? 0) - (middles.get(b.key) ?? 0))
      number(row)
    }
  }
  for (const row of rows) for (const item of row) items.set(item.key, item)
}

/** Gives each item its middle: near those of its neighbours, without touching what is beside it. */
function place(rows: Item[][], items: Map<string, Item>, links: Link[]): void {
  const { above, below } = neighbours(links)
  for (const row of rows) {
    const width = row.reduce((sum, item) => sum + item.width + GAP.x, -GAP.x)
    let x = -width / 2
    for (const item of row) {
      item.x = x + item.width / 2
      x += item.width + GAP.x
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const isDown = sweep % 2 === 0
    for (const row of isDown ? rows : rows.toReversed()) {
      const wanted = row.map((item) => {
        const near = ((isDown ? above : below).get(item.key) ?? []).map((key) => items.get(key)?.x ?? 0)
        return near.length === 0 ? item.x : near.reduce((sum, x) => sum + x, 0) / near.length
      })
      settle(row, wanted)
    }
  }
}

/** Moves a row's items as near as they can come to where they want to be, which is judged for groups that touch. */
function settle(row: Item[], wanted: number[]): void {
  const groups: { items: Item[]; offsets: number[]; sum: number; x: number }[] = []
  row.forEach((item, index) => {
    let group = { items: [item], offsets: [0], sum: wanted[index] ?? 0, x: wanted[index] ?? 0 }
    for (let before = groups.at(-1); before !== undefined; before = groups.at(-1)) {
      const last = before.items.at(-1)
      const first = group.items[0]
      if (last === undefined || first === undefined) break
      const needed = (last.width + first.width) / 2 + GAP.x
      const lastX = before.x + (before.offsets.at(-1) ?? 0)
      if (group.x - lastX >= needed) break
      groups.pop()
      const shift = (before.offsets.at(-1) ?? 0) + needed
      const merged = {
        items: [...before.items, ...group.items],
        offsets: [...before.offsets, ...group.offsets.map((offset) => offset + shift)],
        // Where its first item would have to be for each of them to be where it wants.
        sum: before.sum + group.sum - shift * group.items.length,
        x: 0,
      }
      merged.x = merged.sum / merged.items.length
      group = merged
    }
    groups.push(group)
  })
  for (const { items, offsets, x } of groups) items.forEach((item, index) => (item.x = x + (offsets[index] ?? 0)))
}

function draw(rows: Item[][], items: Map<string, Item>, links: Link[]): Drawing {
  const left = Math.min(...[...items.values()].map(({ x, width }) => x - width / 2))
  const tops: number[] = []
  let bottom = 0
  for (const row of rows) {
    tops.push(bottom)
    bottom += Math.max(0, ...row.map(({ height }) => height)) + GAP.y
  }
  const box = (item: Item): Box => ({ x: item.x - left - item.width / 2, y: tops[item.row] ?? 0, width: item.width, height: item.height })
  const drawing: Drawing = { width: Math.max(...[...items.values()].map(({ x, width }) => x - left + width / 2)), height: bottom - GAP.y, nodes: [], edges: [], marks: [] }
  for (const item of items.values()) {
    const at = box(item)
    if (item.key === START || item.key === END) drawing.marks.push(at)
    if (item.state === null) continue
    drawing.nodes.push({ ...at, state: item.state, isFrame: item.inner.length > 0 })
    const inner = item.inner.reduce((sum, { width }) => sum + width, 0) + GAP.x * (item.inner.length - 1)
    let x = at.x + (at.width - inner) / 2
    for (const within of item.inner) {
      merge(drawing, within, x, at.y + FRAME.top)
      x += within.width + GAP.x
    }
  }
  const statePath = (key: string): string | null => items.get(key)?.state?.path ?? null
  for (const link of links) {
    const [from, to] = [items.get(link.from), items.get(link.to)]
    if (from === undefined || to === undefined) continue
    const points = link.isBack ? detour(box(from), box(to), drawing) : down(box(from), (tops[from.row] ?? 0) + rowHeight(rows[from.row]), box(to), link.through.map((key) => items.get(key)).filter((item) => item !== undefined).map((item) => ({ ...box(item), height: rowHeight(rows[item.row]) })))
    drawing.edges.push({ from: statePath(link.from), to: statePath(link.to), kind: link.kind, points, isBack: link.isBack })
  }
  return drawing
}

const rowHeight = (row: Item[] | undefined): number => Math.max(0, ...(row ?? []).map(({ height }) => height))

/** Straight down to the bottom of its row first: what is beside it may be higher. */
function down(from: Box, bottom: number, to: Box, through: Box[]): Edge['points'] {
  const middle = ({ x, width }: Box) => x + width / 2
  return [{ x: middle(from), y: from.y + from.height }, { x: middle(from), y: bottom }, ...through.flatMap((passage) => [{ x: middle(passage), y: passage.y }, { x: middle(passage), y: passage.y + passage.height }]), { x: middle(to), y: to.y }]
}

function detour(from: Box, to: Box, drawing: Drawing): Edge['points'] {
  const [upper, lower] = [Math.min(to.y, from.y), Math.max(to.y + to.height, from.y + from.height)]
  const between = drawing.nodes.filter(({ y, height }) => y < lower && y + height > upper)
  const x = Math.max(...between.map((node) => node.x + node.width)) + DETOUR
  drawing.width = Math.max(drawing.width, x + 2)
  const [start, end] = [from.y + from.height / 2 + 6, to.y + to.height / 2 - 6]
  return [{ x: from.x + from.width, y: start }, { x, y: start }, { x, y: end }, { x: to.x + to.width, y: end }]
}

function merge(into: Drawing, within: Drawing, x: number, y: number): void {
  for (const node of within.nodes) into.nodes.push({ ...node, x: node.x + x, y: node.y + y })
  for (const edge of within.edges) into.edges.push({ ...edge, points: edge.points.map((point) => ({ x: point.x + x, y: point.y + y })) })
}

/** An edge as the path of an SVG: straight where it leads around something, else a curve that leaves and arrives upright. */
export function pathOf({ points, isBack }: Edge): string {
  const [first, ...rest] = points
  if (first === undefined) return ''
  let path = `M ${first.x} ${first.y}`
  let last = first
  for (const point of rest) {
    if (isBack || last.x === point.x) path += ` L ${point.x} ${point.y}`
    else {
      const half = (point.y - last.y) / 2
      path += ` C ${last.x} ${last.y + half} ${point.x} ${point.y - half} ${point.x} ${point.y}`
    }
    last = point
  }
  return path
}
