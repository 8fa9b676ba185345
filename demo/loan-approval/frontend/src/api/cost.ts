/** What an execution used and would cost on AWS, as the service says. Source: `crates/server/src/console/cost.rs`. */

import { type Fields, fields, list, number, optional, text } from './parse'

/** Source: the table of prices, `crates/cost/src/prices.toml`. */
const HOURS_PER_MONTH = 730

export interface Invocation {
  function: string
  /** Milliseconds since the epoch. */
  beganAt: number
  /** `null` while it runs. */
  endedAt: number | null
  /** Whether the end of the server cut it off, so that the function was invoked again. */
  isLost: boolean
}

/** A step of a durable function, with all its attempts. In milliseconds since the epoch. */
export interface StepRun {
  beganAt: number
  /** `null` while it runs. */
  endedAt: number | null
}

export interface Cost {
  executionId: string
  function: string
  /** Milliseconds since the epoch. */
  startedAt: number
  /** `null` while it runs. */
  endedAt: number | null
  operations: number
  transitions: number
  /** Of inputs, results and errors, whether they are paid for or not. */
  bytes: number
  bytesArePaid: boolean
  /** What is paid for being kept, in bytes times months. */
  byteMonths: number
  invocations: number
  gbSeconds: number
  /** Dollars, by number of runs. */
  totals: readonly { runs: number; total: number }[]
  /** What each meter comes to, in dollars for one run. */
  lines: readonly { meter: string; amount: number }[]
  compute: readonly Invocation[]
  /** None of a state machine. */
  steps: readonly StepRun[]
  prices: { region: string; readOn: string; sources: readonly string[] }
  assumptions: readonly string[]
}

export function parseCost(body: unknown): Cost {
  const from = fields(body, 'body')
  const usage = fields(from['usage'], 'usage')
  const prices = fields(from['prices'], 'prices')
  const written = number(usage, 'bytes_written')
  return {
    executionId: text(from, 'execution_id'),
    function: text(from, 'function'),
    startedAt: number(from, 'started_at'),
    endedAt: optional(number, from, 'ended_at'),
    operations: number(usage, 'operations'),
    transitions: number(usage, 'transitions'),
    bytes: written + number(usage, 'bytes_passed'),
    bytesArePaid: written > 0,
    byteMonths: number(usage, 'byte_hours_retained') / HOURS_PER_MONTH,
    invocations: number(usage, 'requests'),
    gbSeconds: number(usage, 'gb_seconds_x86_64') + number(usage, 'gb_seconds_arm64'),
    totals: list(from, 'runs', (value) => {
      const runs = fields(value, 'runs')
      return { runs: number(runs, 'runs'), total: number(runs, 'total') }
    }),
    lines: list(from, 'bill', (value) => {
      const line = fields(value, 'bill')
      return { meter: text(line, 'meter'), amount: number(line, 'amount') }
    }),
    compute: list(from, 'compute', (value) => {
      const span = fields(value, 'compute')
      return { function: text(span, 'function'), beganAt: number(span, 'began_at'), endedAt: optional(number, span, 'ended_at'), isLost: span['is_lost'] === true }
    }),
    steps: list(from, 'steps', (value) => {
      const step = fields(value, 'steps')
      return { beganAt: number(step, 'began_at'), endedAt: optional(number, step, 'ended_at') }
    }),
    prices: { region: text(prices, 'region'), readOn: text(prices, 'read_on'), sources: list(prices, 'sources', word) },
    assumptions: list(from, 'assumptions', word),
  }
}

function word(value: unknown): string {
  return text({ value } as Fields, 'value')
}
