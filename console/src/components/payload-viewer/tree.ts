/** A JSON value as lines of a tree: only what is open is made. */

import { SdkValue } from './envelope'

export interface TreeLine {
  path: string
  depth: number
  /** The name or index in what it lies in; null at the top. */
  key: string | null
  /** What it says on its own line. */
  text: string
  /** The SDK's type, of what JSON has no type for. */
  note: string | null
  kind: 'string' | 'number' | 'boolean' | 'null' | 'object' | 'array'
  /** Members, of those that have any. */
  size: number
  isOpen: boolean
}

/** Levels that are open at first. */
const OPEN_DEPTH = 2
/** Members of one value that are open at first. */
const OPEN_SIZE = 50

/** `toggled`: paths that the reader opened or closed against the rule. */
export function treeLines(value: unknown, toggled: ReadonlySet<string>): TreeLine[] {
  const lines: TreeLine[] = []
  add(lines, value, '$', null, 0, toggled)
  return lines
}

function add(lines: TreeLine[], value: unknown, path: string, key: string | null, depth: number, toggled: ReadonlySet<string>): void {
  const entries = membersOf(value)
  const isOpenByRule = depth < OPEN_DEPTH && entries.length <= OPEN_SIZE
  const isOpen = entries.length > 0 && (toggled.has(path) ? !isOpenByRule : isOpenByRule)
  lines.push({ path, depth, key, kind: kindOf(value), size: entries.length, isOpen, text: shown(value, entries.length), note: value instanceof SdkValue ? value.type : null })
  if (!isOpen) return
  for (const [name, member] of entries) add(lines, member, `${path}.${name}`, name, depth + 1, toggled)
}

function membersOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !(value instanceof SdkValue) ? Object.entries(value) : []
}

function kindOf(value: unknown): TreeLine['kind'] {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (value instanceof SdkValue) return 'string'
  const kind = typeof value
  return kind === 'string' || kind === 'number' || kind === 'boolean' ? kind : 'object'
}

/** Characters of a string that its line shows. */
const STRING_SHOWN = 2_000

function shown(value: unknown, size: number): string {
  if (Array.isArray(value)) return size === 0 ? '[]' : `[ ${size} ]`
  if (typeof value === 'object' && value !== null && !(value instanceof SdkValue)) return size === 0 ? '{}' : `{ ${size} }`
  const text = JSON.stringify(value) ?? 'undefined'
  return text.length > STRING_SHOWN ? `${text.slice(0, STRING_SHOWN)}… (${text.length.toLocaleString('en')} characters)` : text
}

/** The value of a JSON text; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
