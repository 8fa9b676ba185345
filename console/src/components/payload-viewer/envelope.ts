/**
 * Takes what an SDK puts around values off them again. AWS's Python SDK writes `{"t": "m", "v": {…}}` around whatever JSON
 * cannot tell (aws_durable_execution_sdk_python.serdes), and the file serializers of the Python and JavaScript SDKs
 * `{"data": "…"}` around what is small enough to stay. Others write plain JSON.
 */

/** A value that JSON has no type for, as the SDK wrote it. */
export class SdkValue {
  readonly type: string
  readonly text: string

  constructor(type: string, text: string) {
    this.type = type
    this.text = text
  }

  toJSON(): string {
    return this.text
  }
}

/** Levels that are looked into: nobody nests values deeper, except to do harm. */
const DEPTH_MAX = 200

/** The types that are told by a text. */
const TEXTS: Record<string, string> = { B: 'bytes', u: 'uuid', d: 'decimal', dt: 'date and time', D: 'date' }

const NOT = Symbol('not an envelope')

type Fields = Record<string, unknown>

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value within; undefined when there is no envelope around it, or one that is not as the SDKs write it. */
export function unwrap(value: unknown): { value: unknown } | undefined {
  const inner = isTagged(value) && !isPlain(value['t']) ? untag(value, 0) : inlined(value)
  return inner === NOT ? undefined : { value: inner }
}

/** At the top these are written as plain JSON. */
const isPlain = (tag: unknown): boolean => typeof tag === 'string' && 'nsifb'.includes(tag)

const isTagged = (value: unknown): value is Fields => isObject(value) && 't' in value && 'v' in value && Object.keys(value).length === 2

function untag(value: unknown, depth: number): unknown {
  if (!isTagged(value) || depth > DEPTH_MAX) return NOT
  const { t: tag, v: inner } = value
  switch (tag) {
    case 'n':
      return inner === null ? null : NOT
    case 's':
      return typeof inner === 'string' ? inner : NOT
    case 'i':
    case 'f':
      return typeof inner === 'number' ? inner : NOT
    case 'b':
      return typeof inner === 'boolean' ? inner : NOT
    case 'l':
    case 't': {
      if (!Array.isArray(inner)) return NOT
      const items = inner.map((item) => untag(item, depth + 1))
      return items.includes(NOT) ? NOT : items
    }
    case 'm':
    case 'br': {
      if (!isObject(inner)) return NOT
      const members = Object.entries(inner).map(([name, member]) => [name, untag(member, depth + 1)] as const)
      // Without a prototype: a member may be named like one of its.
      return members.some(([, member]) => member === NOT) ? NOT : Object.assign(Object.create(null), Object.fromEntries(members))
    }
    default: {
      const type = typeof tag === 'string' && Object.hasOwn(TEXTS, tag) ? TEXTS[tag] : undefined
      return type !== undefined && typeof inner === 'string' ? new SdkValue(type, inner) : NOT
    }
  }
}

/** What a file serializer left in place: objects and lists alone, since anybody's value may be `{"data": "5"}`. */
function inlined(value: unknown): unknown {
  if (!isObject(value) || Object.keys(value).length !== 1) return NOT
  const { data } = value
  if (typeof data !== 'string' || !/^\s*[[{]/.test(data)) return NOT
  try {
    const inner = JSON.parse(data) as unknown
    if (!isTagged(inner)) return inner
    const untagged = untag(inner, 0)
    return untagged === NOT ? inner : untagged
  } catch {
    return NOT
  }
}
