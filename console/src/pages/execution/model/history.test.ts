import { describe, expect, it } from 'vitest'
import type { HistoryEvent } from '../../../api/lambda'
import { nameOf, runsOf, runsText, segments } from '../timeline/look'
import { append } from './fold'
import { emptyHistory, type History } from './history'
import { activeInvocation } from './invocations'

let id = 0
const event = (seconds: number, type: string, more: Partial<HistoryEvent> = {}): HistoryEvent => {
  id += 1
  return { EventType: type, EventId: id, EventTimestamp: seconds, ...more }
}
const completed = (from: number, to: number, error?: string, type?: string): HistoryEvent =>
  event(to, 'InvocationCompleted', {
    InvocationCompletedDetails: { StartTimestamp: from, EndTimestamp: to, RequestId: `r${from}`, ...(error === undefined ? {} : { Error: { Payload: { ErrorMessage: error, ...(type === undefined ? {} : { ErrorType: type }) } } }) },
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

const lost = (from: number, to: number) => completed(from, to, 'The server stopped.', 'Service.InvocationLost')

/** Of the step `b`. */
const runs = (history: History, activeSince: number | null = null, now = 0) => history.operations.get('b')?.attempts.flatMap((attempt) => runsOf(attempt, activeSince, now).map(({ from, to, isCutOff }) => [from, to, isCutOff]))

/** A step that is done, and one in the middle of which the server stops at 10 s. */
const stopped = () => {
  id = 0
  return [
    event(0, 'ExecutionStarted', { Id: 'x' }),
    event(1, 'StepStarted', { Id: 'a', Name: 'check' }),
    event(2, 'StepSucceeded', { Id: 'a', StepSucceededDetails: {} }),
    event(2, 'StepStarted', { Id: 'b', Name: 'pay' }),
    lost(0.5, 10),
  ]
}

describe('a step that was cut off', () => {

  it('ran twice where it ended in a later invocation, which replayed what was done before and no more', () => {
    const history = append(emptyHistory(), [...stopped(), event(15, 'StepSucceeded', { Id: 'b', StepSucceededDetails: {} }), completed(10.1, 15.5), event(15.5, 'ExecutionSucceeded', { Id: 'x' })])
    expect(runs(history)).toEqual([
      [2_000, 10_000, true],
      [10_100, 15_000, false],
    ])
    expect(history.operations.get('b')?.attempts).toHaveLength(1)
    expect(runsText(history.operations.get('b')?.attempts ?? [])).toBe('run twice')
    expect(runsText(history.operations.get('a')?.attempts ?? [])).toBe('')
    expect(history.invocations.map(({ replayedUntil, replayedOperations, ranAgain, broughtBackBy, endedBecause }) => [replayedUntil, replayedOperations, ranAgain, broughtBackBy, endedBecause])).toEqual([
      [500, 0, [], 'the execution was started', 'cut off: the server stopped'],
      [10_100, 1, ['pay'], 'the server was back', 'finished'],
    ])
    const operation = history.operations.get('b')
    expect(operation && segments(operation, 0).map(({ shape, from, to }) => [shape, from, to])).toEqual([
      ['cut', 2_000, 10_000],
      ['pause', 10_000, 10_100],
      ['work', 10_100, 15_000],
    ])
  })

  it('runs again as soon as an invocation is active, before anything of it is recorded', () => {
    const history = append(emptyHistory(), stopped())
    expect(runs(history, 10_100, 12_000)).toEqual([
      [2_000, 10_000, true],
      [10_100, 12_000, false],
    ])
    const active = activeInvocation(history, { number: 2, request_id: 'r2', scheduled_at: 10_100 }, 12_000)
    expect([active?.replayedUntil, active?.ranAgain]).toEqual([10_100, ['pay']])
    // Its end is known before that of its invocation is.
    const ended = append(history, [event(15, 'StepSucceeded', { Id: 'b', StepSucceededDetails: {} })])
    expect(runs(ended, 10_100, 15_200)).toEqual([
      [2_000, 10_000, true],
      [10_100, 15_000, false],
    ])
    expect(activeInvocation(ended, { number: 2, request_id: 'r2', scheduled_at: 10_100 }, 15_200)?.ranAgain).toEqual(['pay'])
  })

  it('runs for each invocation that was cut off in it, but not for one that failed before it came there', () => {
    const end = () => [event(31, 'StepSucceeded', { Id: 'b', StepSucceededDetails: {} }), completed(30, 31)]
    expect(runs(append(emptyHistory(), [...stopped(), lost(10.1, 20), ...end()]))?.map(([from]) => from)).toEqual([2_000, 10_100, 30_000])
    const failed = append(emptyHistory(), [...stopped(), completed(10.1, 20, 'no module', 'Runtime.ImportModuleError'), ...end()])
    expect(runs(failed)?.map(([from]) => from)).toEqual([2_000, 30_000])
    expect(runsText(failed.operations.get('b')?.attempts ?? [])).toBe('run twice')
  })

  it('did not run again where it may run once only: its attempt fails, and the next one follows', () => {
    const interrupted = { StepFailedDetails: { Error: { Payload: { ErrorType: 'StepInterruptedError' } }, RetryDetails: { CurrentAttempt: 1, NextAttemptDelaySeconds: 1 } } }
    const history = append(emptyHistory(), [...stopped(), event(10.2, 'StepFailed', { Id: 'b', ...interrupted }), completed(10.1, 10.3), event(11, 'StepStarted', { Id: 'b' }), event(12, 'StepSucceeded', { Id: 'b', StepSucceededDetails: {} }), completed(11, 12)])
    expect(runs(history)).toEqual([
      [2_000, 10_000, true],
      [11_000, 12_000, false],
    ])
    expect(history.invocations.map(({ ranAgain }) => ranAgain)).toEqual([[], [], []])
    expect(runsText(history.operations.get('b')?.attempts ?? [])).toBe('')
  })

  it('that began and ended in one request is there all the same', () => {
    id = 0
    const history = append(emptyHistory(), [event(0, 'ExecutionStarted', { Id: 'x' }), event(1, 'StepSucceeded', { Id: 'q', Name: 'quick', StepSucceededDetails: {} })])
    expect([history.roots, history.operations.get('q')?.status]).toEqual([['q'], 'SUCCEEDED'])
  })
})
