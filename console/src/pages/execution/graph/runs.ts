/** Which operations of an execution are runs of which state, and what became of them. */

import type { History, Operation } from '../model/history'
import type { Scope, State } from './definition'

export type StateStatus = 'waiting' | 'running' | 'succeeded' | 'caught' | 'failed' | 'stopped'

export interface StateRuns {
  /** As they began. */
  operations: Operation[]
  status: StateStatus
  failed: number
}

export interface GraphRuns {
  /** By the path of the state. */
  states: Map<string, StateRuns>
  /** Paths of two states that followed each other, as `edgeKey` has them. */
  taken: Set<string>
}

export const edgeKey = (from: string | null, to: string | null): string => `${from ?? ''} → ${to ?? ''}`

/** Names of operations are printable ASCII. Has to be as `operation_name` in `crates/state-machine/src/operation_name.rs`. */
export const operationName = (state: string): string =>
  [...state]
    .slice(0, 256)
    .map((letter) => (/[ -~]/.test(letter) ? letter : '?'))
    .join('')

/** The runs of all states. */
export function runsOf(scope: Scope, history: History, isOver: boolean): GraphRuns {
  const runs: GraphRuns = { states: new Map(), taken: new Set() }
  walk(scope, history.roots, history, isOver, runs)
  return runs
}

function walk(scope: Scope, ids: readonly string[], history: History, isOver: boolean, runs: GraphRuns): void {
  const byName = new Map([...scope.states.values()].map((state) => [operationName(state.name), state]))
  const ran: { state: State; operation: Operation }[] = []
  for (const id of ids) {
    const operation = history.operations.get(id)
    const state = operation?.type === 'CONTEXT' ? byName.get(operation.name ?? '') : undefined
    if (operation !== undefined && state !== undefined) ran.push({ state, operation })
  }
  ran.forEach(({ state, operation }, index) => {
    const next = ran[index + 1]?.state
    if (index === 0) runs.taken.add(edgeKey(null, state.path))
    if (next !== undefined) runs.taken.add(edgeKey(state.path, next.path))
    else if (operation.status === 'SUCCEEDED' && state.isEnd) runs.taken.add(edgeKey(state.path, null))
    const status = statusOf(state, operation, next, history, isOver)
    const known = runs.states.get(state.path) ?? { operations: [], status, failed: 0 }
    known.operations.push(operation)
    known.status = worse(known, status)
    if (status === 'failed') known.failed += 1
    runs.states.set(state.path, known)
    within(state, operation, history, isOver, runs)
  })
}

/** Of a state that ran more than once, what is shown: a run that is open, else how the last one ended. */
function worse({ operations, status }: StateRuns, next: StateStatus): StateStatus {
  return operations.length > 1 && status === 'running' ? 'running' : next
}

/** What runs within a Parallel or Map state: each branch in its scope, every item in the same. */
function within(state: State, operation: Operation, history: History, isOver: boolean, runs: GraphRuns): void {
  if (state.scopes.length === 0) return
  for (const id of operation.children) {
    const batch = history.operations.get(id)
    if (batch?.subType !== 'Parallel' && batch?.subType !== 'Map') continue
    for (const child of batch.children) {
      const part = history.operations.get(child)
      const number = batch.subType === 'Parallel' ? Number(/\d+$/.exec(part?.name ?? '')?.[0] ?? 0) : 0
      const scope = state.scopes[number]
      if (part !== undefined && scope !== undefined) walk(scope, part.children, history, isOver, runs)
    }
  }
}

function statusOf(state: State, operation: Operation, next: State | undefined, history: History, isOver: boolean): StateStatus {
  if (operation.endedAt === null) return isOver ? 'stopped' : 'running'
  if (operation.status !== 'SUCCEEDED') return 'failed'
  const leads = (kind: 'catch' | 'other') => state.targets.some((target) => target.to === next?.name && (target.kind === 'catch') === (kind === 'catch'))
  if (next !== undefined && leads('catch') !== leads('other')) return leads('catch') ? 'caught' : 'succeeded'
  // Both ways lead there: it was caught if the last thing that it did failed.
  const last = operation.children.map((id) => history.operations.get(id)).findLast((child) => child !== undefined && child.type !== 'WAIT' && child.name !== 'enter')
  const didFail = last !== undefined && ['FAILED', 'TIMED_OUT', 'STOPPED'].includes(last.status)
  return didFail && state.targets.some(({ kind }) => kind === 'catch') ? 'caught' : 'succeeded'
}

/** The operation before this one among its siblings that is a state: what came out of it came into this one. */
export function stateBefore(history: History, operation: Operation): Operation | null {
  const siblings = operation.parentId === null ? history.roots : (history.operations.get(operation.parentId)?.children ?? [])
  const before = siblings.slice(0, siblings.indexOf(operation.id)).map((id) => history.operations.get(id))
  return before.findLast((it) => it?.type === 'CONTEXT') ?? null
}
