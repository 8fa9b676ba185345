/** The states of a definition and where they lead, as far as a drawing needs it. */

export interface Scope {
  startAt: string
  states: Map<string, State>
}

export type EdgeKind = 'next' | 'choice' | 'default' | 'catch'

export interface Target {
  to: string
  kind: EdgeKind
}

export interface State {
  /** Names of the states around and its own, with the number of the branch between: no two states have the same. */
  path: string
  name: string
  type: string
  targets: Target[]
  /** Whether these states end with it. */
  isEnd: boolean
  /** The branches of a Parallel state, what a Map state does with an item. */
  scopes: Scope[]
  /** Whether items have executions of their own. */
  isDistributed: boolean
  /** As it is written. */
  source: unknown
}

type Json = Record<string, unknown>

const object = (value: unknown): Json => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {})
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** The states of a definition; null when it is none. */
export function readDefinition(definition: string): Scope | null {
  try {
    const read: unknown = JSON.parse(definition)
    const scope = scopeOf(object(read), '')
    return scope.states.size === 0 ? null : scope
  } catch {
    return null
  }
}

function scopeOf(value: Json, around: string): Scope {
  const states = new Map<string, State>()
  for (const [name, source] of Object.entries(object(value['States']))) states.set(name, stateOf(name, object(source), around))
  return { startAt: text(value['StartAt']) ?? '', states }
}

function stateOf(name: string, source: Json, around: string): State {
  const path = `${around}/${name}`
  const targets: Target[] = []
  const add = (to: unknown, kind: EdgeKind) => {
    const target = text(to)
    if (target !== null && !targets.some((known) => known.to === target && known.kind === kind)) targets.push({ to: target, kind })
  }
  add(source['Next'], 'next')
  for (const rule of list(source['Choices'])) add(object(rule)['Next'], 'choice')
  add(source['Default'], 'default')
  for (const catcher of list(source['Catch'])) add(object(catcher)['Next'], 'catch')
  const type = text(source['Type']) ?? '?'
  const processor = object(source['ItemProcessor'] ?? source['Iterator'])
  const within = type === 'Parallel' ? list(source['Branches']).map(object) : type === 'Map' ? [processor] : []
  return {
    path,
    name,
    type,
    targets,
    isEnd: source['End'] === true || type === 'Succeed' || type === 'Fail',
    scopes: within.map((scope, index) => scopeOf(scope, `${path}/${index}`)),
    isDistributed: object(processor['ProcessorConfig'])['Mode'] === 'DISTRIBUTED',
    source,
  }
}

/** All states, those within others too. */
export function allStates(scope: Scope): State[] {
  return [...scope.states.values()].flatMap((state) => [state, ...state.scopes.flatMap(allStates)])
}
