import { expect, it } from 'vitest'
import type { LogLine } from '../../../api/types'
import type { Invocation } from './history'
import { replayedLines } from './replayed-lines'

const line = (number: number, request: string, timestamp: number, text: string): LogLine => ({ number, timestamp, function: 'f', version: '1', request_id: request, stream: 'stdout', text })

const invocation = (number: number, requestId: string, replayedUntil: number): Invocation => ({
  number,
  requestId,
  startedAt: 0,
  endedAt: null,
  replayedUntil,
  replayedOperations: 0,
  recorded: 0,
  ranAgain: [],
  broughtBackBy: '',
  endedBecause: '',
  failed: false,
  isLost: false,
})

it('marks what is told again by a replay, and nothing else', () => {
  const lines = [
    line(1, 'a', 10, '{"level":"INFO","message":"checked","timestamp":"10"}'),
    line(2, 'a', 11, 'twice in one invocation'),
    line(3, 'a', 12, 'twice in one invocation'),
    line(4, 'b', 50, '{"level":"INFO","message":"checked","timestamp":"50"}'),
    line(5, 'b', 51, 'a step that has not checkpointed yet'),
    line(6, 'b', 70, '{"level":"INFO","message":"checked","timestamp":"70"}'),
  ]
  expect([...replayedLines(lines, [invocation(1, 'a', 0), invocation(2, 'b', 60)])]).toEqual([4])
})
