/** X-Ray segments as the rows of a waterfall. The documents come from functions: nothing in them is taken for granted. */

import type { Segment } from '../../../api/types'

export interface Span {
  id: string
  name: string
  depth: number
  from: number
  to: number
  isOpen: boolean
  trouble: 'fault' | 'error' | 'throttle' | null
  document: Record<string, unknown>
}

/** Levels and spans that are read at the most. */
const DEPTH_MAX = 20
const SPANS_MAX = 2_000

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const seconds = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value * 1_000 : null)

/** Spans in the order in which they began, each below what it lies in. */
export function spans(segments: readonly Segment[], now: number): Span[] {
  // A segment may arrive twice: while it is open, and when it has ended.
  const byId = new Map<string, Record<string, unknown>>()
  for (const { document } of segments) if (isObject(document)) byId.set(String(document['id'] ?? byId.size), document)
  const documents = [...byId.values()]
  const children = new Map<string, Record<string, unknown>[]>()
  const roots: Record<string, unknown>[] = []
  for (const document of documents) {
    const parent = document['parent_id']
    if (typeof parent === 'string' && holds(documents, parent)) children.set(parent, [...(children.get(parent) ?? []), document])
    else roots.push(document)
  }
  const found: Span[] = []
  const add = (document: Record<string, unknown>, depth: number) => {
    const from = seconds(document['start_time'])
    if (from === null || depth > DEPTH_MAX || found.length >= SPANS_MAX) return
    const to = seconds(document['end_time'])
    const id = String(document['id'] ?? found.length)
    found.push({ id, name: String(document['name'] ?? 'unnamed').slice(0, 200), depth, from, to: Math.max(to ?? now, from), isOpen: to === null, trouble: troubleOf(document), document })
    const inner = Array.isArray(document['subsegments']) ? document['subsegments'].filter(isObject) : []
    for (const child of sorted([...inner, ...(children.get(id) ?? [])])) add(child, depth + 1)
  }
  for (const root of sorted(roots)) add(root, 0)
  return found
}

function holds(documents: readonly Record<string, unknown>[], id: string, depth = 0): boolean {
  return documents.some((document) => {
    if (document['id'] === id) return true
    const inner = document['subsegments']
    return depth < DEPTH_MAX && Array.isArray(inner) && holds(inner.filter(isObject), id, depth + 1)
  })
}

const sorted = (documents: Record<string, unknown>[]) => documents.toSorted((a, b) => (seconds(a['start_time']) ?? 0) - (seconds(b['start_time']) ?? 0))

function troubleOf(document: Record<string, unknown>): Span['trouble'] {
  if (document['fault'] === true) return 'fault'
  if (document['error'] === true) return 'error'
  return document['throttle'] === true ? 'throttle' : null
}
