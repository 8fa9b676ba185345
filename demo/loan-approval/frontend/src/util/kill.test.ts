import { describe, expect, it } from 'vitest'
import type { Cost } from '../api/cost'
import { damageOf, damageText } from './kill'

const BEGIN = 1_000_000

/** A span that begins and ends so many milliseconds after the execution's start. */
const span = (beganAt: number, endedAt: number | null) => ({ beganAt: BEGIN + beganAt, endedAt: endedAt === null ? null : BEGIN + endedAt })

function cost(parts: Partial<Cost>): Cost {
  return { function: 'LoanWorkflowFunction', startedAt: BEGIN, endedAt: null, compute: [], steps: [], ...parts } as Cost
}

describe('a kill', () => {
  it('cuts off what is under way, and nothing that has ended', () => {
    const own = { function: 'LoanWorkflowFunction', ...span(0, 900), isLost: true }
    const after = { function: 'LoanWorkflowFunction', ...span(900, null), isLost: false }
    const read = cost({ compute: [own, after], steps: [span(10, 100), span(100, 1_000), span(120, null), span(950, 990)] })
    const damage = damageOf('durable', read, BEGIN + 500)
    expect(damage).toEqual({ repeated: 1, kept: 1, again: 2 })
    expect(damage && damageText('durable', damage)).toBe('1 step had ended: recorded, and not run again. 2 steps were under way, and run once more. Its invocation was repeated.')
  })

  it('is nothing to an execution that waits', () => {
    const task = { function: 'LoanTaskFunction', ...span(0, 100), isLost: false }
    const damage = damageOf('state-machine', cost({ function: 'LoanStateMachine', compute: [task, task] }), BEGIN + 500)
    expect(damage).toEqual({ repeated: 0, kept: 2, again: 0 })
    expect(damage && damageText('state-machine', damage)).toBe('2 tasks had ended: recorded, and not run again. None was under way, so nothing runs twice.')
  })

  it('says nothing of an execution that had not begun, or was over', () => {
    expect(damageOf('durable', cost({}), BEGIN - 1)).toBeNull()
    expect(damageOf('durable', cost({ endedAt: BEGIN + 400 }), BEGIN + 500)).toBeNull()
  })

  it('does not count the invocations of another kill', () => {
    const first = { function: 'LoanWorkflowFunction', ...span(0, 300), isLost: true }
    expect(damageOf('durable', cost({ compute: [first] }), BEGIN + 500)).toMatchObject({ repeated: 0 })
  })
})
