import type { HistoryEvent } from '../../../api/lambda'
import type { History, Operation } from '../model/history'
import { stateBefore } from './runs'

/** What is recorded of a state that went well. Has to be as `Passed` in `crates/state-machine/src/state.rs`. */
export interface Passed {
  next?: string
  output?: unknown
  assigned?: Record<string, unknown>
}

/** What is recorded of an input that no other state's output is. Has to be as `Given` in `crates/state-machine/src/entry.rs`. */
type Given = 'same' | 'element' | 'content' | 'tooLarge' | { value: unknown }

/** The events of an operation with their data; of the execution, its first one. */
export type Read = (operation: Operation | null) => Promise<readonly HistoryEvent[]>

function parsed(text: string | null | undefined): unknown {
  if (text === null || text === undefined) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

export const passed = (events: readonly HistoryEvent[]): Passed | null => {
  const text = events.findLast(({ ContextSucceededDetails }) => ContextSucceededDetails !== undefined)?.ContextSucceededDetails?.Result?.Payload
  return (parsed(text) as Passed | undefined) ?? null
}

/** Which parent of an operation is the state around it, and which item of that one's list it belongs to. */
function around(history: History, operation: Operation): { state: Operation | null; item: number } {
  let item = 0
  for (let id = operation.parentId; id !== null; ) {
    const parent = history.operations.get(id)
    if (parent === undefined) break
    if (parent.subType === null || parent.subType === 'RunInChildContext') return { state: parent, item }
    if (history.operations.get(parent.parentId ?? '')?.subType === 'Map') item = Number(/\d+$/.exec(parent.name ?? '')?.[0] ?? 0)
    id = parent.parentId
  }
  return { state: null, item }
}

/** What came into a state; undefined if that is not recorded. */
export async function stateInput(history: History, operation: Operation, read: Read): Promise<unknown> {
  const before = stateBefore(history, operation)
  if (before !== null) return passed(await read(before))?.output
  const entry = operation.children.map((id) => history.operations.get(id)).find((child) => child?.name === 'enter')
  const entered = entry === undefined ? [] : await read(entry)
  const recorded = parsed(entered.findLast(({ StepSucceededDetails }) => StepSucceededDetails !== undefined)?.StepSucceededDetails?.Result?.Payload)
  const given = (recorded as { input?: Given } | undefined)?.input
  if (typeof given === 'object') return given.value
  if (given === 'same' || given === 'element') {
    const { state, item } = around(history, operation)
    const input = state === null ? undefined : await stateInput(history, state, read)
    if (given === 'same') return input
    return Array.isArray(input) ? (input as unknown[])[item] : undefined
  }
  if (given === 'tooLarge' || operation.parentId !== null) return undefined
  const input = parsed((await read(null))[0]?.ExecutionStartedDetails?.Input?.Payload)
  if (given !== 'content') return input
  // What began in the middle of the machine has its input within the execution's.
  const [content] = Object.values((input ?? {}) as Record<string, { content?: string }>)
  return (parsed(content?.content) as { input?: unknown } | undefined)?.input
}
