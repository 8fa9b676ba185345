import { expect, test } from 'vitest'
import type { HistoryEvent } from '../../../api/lambda'
import type { History, Operation } from '../model/history'
import { stateInput } from './state-input'

/** Operations by `id name parent subType`, with `-` for none, and what is recorded of each. */
function told(lines: readonly string[], recorded: Record<string, unknown>) {
  const operations = new Map<string, Operation>()
  const roots: string[] = []
  for (const line of lines) {
    const [id = '', name = '', parent = '-', subType = '-'] = line.split(' ')
    const parentId = parent === '-' ? null : parent
    const type = name === 'enter' ? 'STEP' : 'CONTEXT'
    operations.set(id, { id, name: name.replace('_', ' '), parentId, type, subType: subType === '-' ? null : subType, children: [], eventIds: [1] } as unknown as Operation)
    if (parentId === null) roots.push(id)
    else operations.get(parentId)?.children.push(id)
  }
  const history = { operations, roots } as unknown as History
  const read = (operation: Operation | null): Promise<readonly HistoryEvent[]> => {
    const payload = JSON.stringify(recorded[operation?.id ?? ''])
    const result = { Result: { Payload: payload } }
    if (operation === null) return Promise.resolve([{ ExecutionStartedDetails: { Input: { Payload: payload } } } as unknown as HistoryEvent])
    return Promise.resolve([(operation.type === 'STEP' ? { StepSucceededDetails: result } : { ContextSucceededDetails: result }) as unknown as HistoryEvent])
  }
  return (id: string) => {
    const operation = operations.get(id)
    if (operation === undefined) throw new Error(`there is no ${id}`)
    return stateInput(history, operation, read)
  }
}

test('what came out of a state comes into the next one, and the first has what the execution has', async () => {
  const input = told(['a Read -', 'ae enter a', 'b Next -'], { '': { n: 1 }, a: { output: { n: 2 } }, ae: {} })
  expect(await input('a')).toEqual({ n: 1 })
  expect(await input('b')).toEqual({ n: 2 })
})

test('branches and items have what came into the state around them, or what is recorded', async () => {
  const lines = ['a Both -', 'p branches a Parallel', 'p1 branch_1 p ParallelBranch', 's Left p1', 'se enter s', 'p2 branch_2 p ParallelBranch', 't Right p2', 'te enter t']
  const input = told(lines, { '': { n: 1 }, se: { input: 'same' }, te: { input: { value: [3] } } })
  expect(await input('s')).toEqual({ n: 1 })
  expect(await input('t')).toEqual([3])
  const items = ['a Each -', 'm items a Map', 'm1 item_1 m MapIteration', 's Pack m1', 'se enter s', 'm2 item_2 m MapIteration', 't Pack m2', 'te enter t']
  const item = told(items, { '': ['x', 'y'], se: { input: 'element' }, te: { input: 'tooLarge' } })
  expect(await item('s')).toBe('y')
  expect(await item('t')).toBeUndefined()
})

test('what begins in the middle has its input within the one of its execution, and nothing else has', async () => {
  const forged = { 'lambdura:item': { content: JSON.stringify({ input: 7 }), proof: '' } }
  expect(await told(['a Pack -', 'ae enter a'], { '': forged, ae: { input: 'content' } })('a')).toBe(7)
  expect(await told(['a Pack -', 'ae enter a'], { '': forged, ae: {} })('a')).toEqual(forged)
})
