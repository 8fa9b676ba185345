import { describe, expect, it } from 'vitest'
import type { HistoryEvent } from '../../../api/lambda'
import { nameOf } from '../timeline/look'
import { append } from './fold'
import { emptyHistory } from './history'

let id = 0
const event = (seconds: number, type: string, more: Partial<HistoryEvent> = {}): HistoryEvent => {
  id += 1
  return { EventType: type, EventId: id, EventTimestamp: seconds, ...more }
}
const completed = (from: number, to: number, error?: string): HistoryEvent =>
  event(to, 'InvocationCompleted', {
    InvocationCompletedDetails: { StartTimestamp: from, EndTimestamp: to, RequestId: `r${from}`, ...(error === undefined ? {} : { Error: { Payload: { ErrorMessage: error } } }) },
  })

/** A step, a callback that is answered after a day, a step that is tried twice. */
function story(): HistoryEvent[] {
  id = 0
  return [
    event(0, 'ExecutionStarted', { Id: 'x' }),
    event(1, 'StepStarted', { Id: 'a', Name: 'check' }),
    event(2, 'StepSucceeded', { Id: 'a', Name: 'check', StepSucceededDetails: { RetryDetails: { CurrentAttempt: 1 } } }),
    event(2, 'ContextStarted', { Id: 'c', Name: 'approval', SubType: 'WaitForCallback' }),
    event(2, 'CallbackStarted', { Id: 'b', ParentId: 'c', Name: 'approval create callback id', CallbackStartedDetails: { CallbackId: 'cb', Timeout: 60 } }),
    completed(0.5, 3),
    event(86_400, 'CallbackSucceeded', { Id: 'b', ParentId: 'c' }),
    event(86_402, 'ContextSucceeded', { Id: 'c' }),
    event(86_402, 'StepStarted', { Id: 'd', Name: 'charge' }),
    event(86_403, 'StepFailed', { Id: 'd', StepFailedDetails: { Error: { Payload: { ErrorMessage: 'no' } }, RetryDetails: { CurrentAttempt: 1, NextAttemptDelaySeconds: 5 } } }),
    completed(86_401, 86_403),
    event(86_408, 'StepStarted', { Id: 'd' }),
    event(86_409, 'StepSucceeded', { Id: 'd', StepSucceededDetails: { RetryDetails: { CurrentAttempt: 2 } } }),
    completed(86_408, 86_409),
    event(86_409, 'ExecutionSucceeded', { Id: 'x' }),
  ]
}

describe('the history', () => {
  it('folds operations with their attempts and places', () => {
    const history = append(emptyHistory(), story())
    expect(history.roots).toEqual(['a', 'c', 'd'])
    expect(history.operations.get('c')?.children).toEqual(['b'])
    const charge = history.operations.get('d')
    expect(charge?.status).toBe('SUCCEEDED')
    expect(charge?.attempts.map(({ startedAt, endedAt, nextDelaySeconds }) => [startedAt, endedAt, nextDelaySeconds])).toEqual([
      [86_402_000, 86_403_000, 5],
      [86_408_000, 86_409_000, null],
    ])
    expect(charge?.eventIds).toEqual([9, 10, 12, 13])
  })

  it('tells what each invocation replayed, why it ended and what brought it back', () => {
    const { invocations } = append(emptyHistory(), story())
    expect(invocations.map(({ replayedOperations, recorded, broughtBackBy, endedBecause }) => ({ replayedOperations, recorded, broughtBackBy, endedBecause }))).toEqual([
      { replayedOperations: 0, recorded: 4, broughtBackBy: 'the execution was started', endedBecause: 'suspended on callback approval' },
      { replayedOperations: 2, recorded: 3, broughtBackBy: 'callback approval was answered', endedBecause: 'suspended on the next attempt of charge' },
      { replayedOperations: 3, recorded: 2, broughtBackBy: 'the next attempt of charge was due', endedBecause: 'finished' },
    ])
    expect(invocations[1]?.replayedUntil).toBe(86_402_000)
  })

  it('calls what nobody named what it is', () => {
    id = 0
    const history = append(emptyHistory(), [
      event(0, 'ExecutionStarted', { Id: 'x' }),
      event(1, 'ContextStarted', { Id: 'p', SubType: 'Parallel' }),
      event(1, 'WaitStarted', { Id: 'w', ParentId: 'p', WaitStartedDetails: { Duration: 60 } }),
      completed(0.5, 2),
      event(61, 'WaitSucceeded', { Id: 'w', ParentId: 'p' }),
      completed(61, 62),
    ])
    expect(history.invocations.map(({ broughtBackBy, endedBecause }) => [broughtBackBy, endedBecause])).toEqual([
      ['the execution was started', 'suspended on a wait'],
      ['a wait ended', 'suspended'],
    ])
    expect([...history.operations.values()].map(nameOf)).toEqual(['Parallel', 'Wait'])
  })

  it('comes to the same whether it is told at once or bit by bit, and twice counts once', () => {
    const whole = append(emptyHistory(), story())
    let history = emptyHistory()
    for (const one of story()) history = append(append(history, [one]), [one])
    expect(history).toEqual(whole)
  })
})
