/** Tests of AWS Lambda durable functions on a clock that is wound. Lengths of time are `30d`, `1h 30m`, or seconds. */

export type Period = string | number

export interface StartOptions {
  /** The template, or the folder that holds it; `.` when absent. */
  template?: string
  /** `auto` when absent. */
  clock?: 'auto' | 'manual' | 'real'
  /** Further arguments of `lambdura up`. */
  arguments?: readonly string[]
  /** The program; otherwise `LAMBDURA_BIN`, or `lambdura` on the `PATH`. */
  binary?: string
}

/** Runs `lambdura up` on free ports with a data folder of its own. */
export function startLambdura(options?: StartOptions): Promise<Lambdura>

/** The server that `global-setup` has started, or one that runs already. */
export function connectLambdura(options?: { endpoint?: string; binary?: string }): Lambdura

export class Lambdura {
  readonly endpoint: string
  readonly clock: Clock
  readonly answers: Answers
  /** Starts an execution of a durable function; a name makes it the only one of that name. */
  start(functionName: string, event?: unknown, options?: { name?: string; qualifier?: string }): Promise<Execution>
  /** What the command line says about this server. */
  command(...args: string[]): Promise<string>
  /** Ends a server that `startLambdura` started. */
  stop(): Promise<void>
}

export interface ClockStand {
  mode: 'real' | 'auto' | 'manual'
  now: Date
  /** Milliseconds. */
  ahead: number
  state: 'works' | 'nothing_due' | 'waits_for_answers' | 'stands' | 'real'
  nextAt: Date | undefined
  /** Names of callbacks that nobody answers. */
  unanswered: string[]
}

export class Clock {
  look(): Promise<ClockStand>
  now(): Promise<Date>
  advance(by: Period): Promise<ClockStand>
  advanceTo(at: Date): Promise<ClockStand>
  /** To the next instant that anything comes due. */
  next(): Promise<ClockStand>
  hold(): Promise<ClockStand>
  release(): Promise<ClockStand>
}

export interface Failure {
  errorType?: string
  errorMessage?: string
  errorData?: string
}

export type Outcome = { succeed: unknown } | { fail: Failure }

export interface CallbackRule {
  /** Names are patterns: `*` stands for any text. */
  function?: string
  execution?: string
  /** Only the first, the second, … callback of an execution that fits otherwise. */
  attempt?: number
  after?: Period
  heartbeatEvery?: Period
}

export class Answers {
  /** Adds a rule; the first one that fits a callback answers it. */
  callback(operation: string, rule: CallbackRule & (Outcome | { never: true })): Promise<void>
  /** How chained invokes end of a function that is not in the stack. */
  invoke(functionName: string, rule: { after?: Period } & Outcome): Promise<void>
  clear(): Promise<void>
}

export interface Operation {
  name: string
  status: 'STARTED' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'STOPPED' | 'CANCELLED'
  attempts: number
  /** Milliseconds since the execution began. */
  beganAfter: number
  endedAfter: number | undefined
}

export interface HistoryEvent {
  EventId: number
  EventType: string
  Name?: string
  /** Seconds since 1970. */
  EventTimestamp: number
  [details: string]: unknown
}

/** `within`: seconds of real time, 30 when absent. What fails says so with the timeline. */
export class Execution {
  readonly arn: string
  readonly id: string
  /** `GetDurableExecution`. */
  look(): Promise<Record<string, unknown>>
  wait(options?: { within?: number }): Promise<Execution>
  /** The result of an execution that succeeds, as JSON. */
  result(options?: { within?: number }): Promise<unknown>
  /** The error of one that does not. */
  error(options?: { within?: number }): Promise<{ ErrorType?: string; ErrorMessage?: string }>
  /** Milliseconds from its start to its end, by its clock. */
  took(): Promise<number>
  history(): Promise<HistoryEvent[]>
  /** The first operation of that name. */
  operation(name: string): Promise<Operation>
  /** The tree of operations, as `lambdura show` draws it. */
  timeline(): Promise<string>
}

/** The server refused. */
export class ServerError extends Error {
  readonly status: number
  readonly type: string
}
