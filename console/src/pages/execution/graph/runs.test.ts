import { expect, test } from 'vitest'
import type { HistoryEvent } from '../../../api/lambda'
import { append } from '../model/fold'
import { emptyHistory } from '../model/history'
import { readDefinition } from './definition'
import { edgeKey, runsOf, stateBefore } from './runs'

/** What has to be there. */
function sure<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('it is not there')
  return value
}

const SCOPE = sure(readDefinition(
  JSON.stringify({
    StartAt: 'Ask',
    States: {
      Ask: { Type: 'Task', Resource: 'x', Next: 'Both', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Sorry' }] },
      Both: { Type: 'Parallel', Branches: [{ StartAt: 'Left', States: { Left: { Type: 'Pass', End: true } } }, { StartAt: 'Right', States: { Right: { Type: 'Wait', Seconds: 5, End: true } } }], Next: 'Each' },
      Each: { Type: 'Map', ItemProcessor: { StartAt: 'Größe', States: { Größe: { Type: 'Pass', End: true } } }, End: true },
      Sorry: { Type: 'Fail' },
    },
  }),
))

/** A history of contexts: each `+id name parent subType` begins one, `-id` ends it well, `!id` badly. */
function history(...lines: string[]) {
  const events = lines.map((line, index): HistoryEvent => {
    const [id = '', name, parent, subType] = line.slice(1).split(' ')
    const kind = { '+': 'ContextStarted', '-': 'ContextSucceeded', '!': 'ContextFailed' }[line[0] ?? ''] ?? ''
    return { EventId: index + 1, EventType: kind, EventTimestamp: index, Id: id, ...(name ? { Name: name.replaceAll('_', ' ') } : {}), ...(parent && parent !== '-' ? { ParentId: parent } : {}), ...(subType ? { SubType: subType } : {}) }
  })
  return append(emptyHistory(), events)
}

const statuses = (runs: ReturnType<typeof runsOf>) => Object.fromEntries([...runs.states].map(([path, { status, operations }]) => [path, operations.length === 1 ? status : `${status} ${operations.length}`]))

test('states that run, have run and have not are told apart, within others too', () => {
  const told = history('+1 Ask', '-1', '+2 Both', '+3 branches 2 Parallel', '+4 branch_0 3 ParallelBranch', '+5 branch_1 3 ParallelBranch', '+6 Left 4', '-6', '+7 Right 5')
  const runs = runsOf(SCOPE, told, false)
  expect(statuses(runs)).toEqual({ '/Ask': 'succeeded', '/Both': 'running', '/Both/0/Left': 'succeeded', '/Both/1/Right': 'running' })
  expect(runs.taken).toContain(edgeKey(null, '/Ask'))
  expect(runs.taken).toContain(edgeKey('/Ask', '/Both'))
  expect(runs.taken).not.toContain(edgeKey('/Ask', '/Sorry'))
  expect(statuses(runsOf(SCOPE, told, true))['/Both']).toBe('stopped')
})

test('an error that was caught is no failure, and one that was not is', () => {
  const told = history('+1 Ask', '-1', '+2 Sorry', '!2')
  expect(statuses(runsOf(SCOPE, told, true))).toEqual({ '/Ask': 'caught', '/Sorry': 'failed' })
})

test('items are runs of the same states, whose names may have any letters', () => {
  const told = history('+1 Each', '+2 items 1 Map', '+3 item_0 2 MapIteration', '+4 item_1 2 MapIteration', '+5 Gr??e 3', '-5', '+6 Gr??e 4', '!6')
  const runs = runsOf(SCOPE, told, false)
  expect(statuses(runs)).toEqual({ '/Each': 'running', '/Each/0/Größe': 'failed 2' })
  expect(runs.states.get('/Each/0/Größe')?.failed).toBe(1)
})

test('what came into a state came out of the one before', () => {
  const told = history('+1 Ask', '-1', '+2 Both')
  expect(stateBefore(told, sure(told.operations.get('2')))?.id).toBe('1')
  expect(stateBefore(told, sure(told.operations.get('1')))).toBeNull()
})
