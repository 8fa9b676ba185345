/** The console routes as queries for the cache. */

import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { getJson, type Query, send, ServerError } from './request'
import type {
  AuditLines,
  Clock,
  ExecutionCost,
  ExecutionCounts,
  ExecutionDetail,
  ExecutionPage,
  FunctionDetail,
  FunctionInput,
  FunctionStatus,
  LogLine,
  MachineDefinition,
  MoveClock,
  Metric,
  OpenCallback,
  Segment,
  ServerList,
  SetAsideList,
  System,
  Timer,
} from './types'
import { getDurableExecution, getEnvironment, type HistoryEvent } from './lambda'

const BASE = '/lambdura/v1'

/** Milliseconds between reads of what has no stream of its own. */
const REFRESH = 2_000

export interface ExecutionFilter extends Query {
  status?: readonly string[]
  function?: string
  version?: string
  name?: string
  name_contains?: string
  text?: string
  started_after?: number
  started_before?: number
}

/** Rows of one page of executions. */
export const PAGE_ROWS = 100

/** Rows that a list which grows by pages has at the most. */
export const ROWS_MAX = 1_000

export const readExecutions = (filter: ExecutionFilter, cursor: string | undefined, signal: AbortSignal) =>
  getJson<ExecutionPage>(`${BASE}/executions`, { ...filter, cursor, limit: PAGE_ROWS }, signal)

export const executionsLivePath = `${BASE}/executions/live`

export const countsQuery = (name?: string) =>
  queryOptions({
    queryKey: ['counts', name ?? null],
    queryFn: ({ signal }) => getJson<ExecutionCounts>(`${BASE}/executions/counts`, { function: name }, signal),
    refetchInterval: REFRESH,
  })

export const executionPath = (id: string) => `${BASE}/executions/${encodeURIComponent(id)}`

export const executionLivePath = (id: string) => `${executionPath(id)}/live`

export const executionQuery = (id: string) =>
  queryOptions({
    queryKey: ['execution', id],
    queryFn: ({ signal }) => getJson<ExecutionDetail>(executionPath(id), {}, signal),
  })

/** The definition of the state machine that an execution is of. */
export const definitionQuery = (id: string) =>
  queryOptions({
    queryKey: ['definition', id],
    queryFn: ({ signal }) => getJson<MachineDefinition>(`${executionPath(id)}/definition`, {}, signal),
    // An execution stays on its revision.
    staleTime: Number.POSITIVE_INFINITY,
  })

/** Milliseconds between reads of a cost while its execution goes on: each is a read of the whole history. */
const COST_REFRESH = 5_000

/**
 * What an execution would cost, and how many events were known when that was asked for: asked for again once there are
 * more, and at once when it has ended.
 */
export const costQuery = (id: string, endedAt: number | null, events: number) =>
  queryOptions({
    queryKey: ['cost', id, endedAt],
    queryFn: async ({ signal }) => ({ events, cost: await getJson<ExecutionCost>(`${executionPath(id)}/cost`, {}, signal) }),
    placeholderData: (previous) => (previous?.cost.execution_id === id ? previous : undefined),
    // What the server refuses waits for a person, what does not answer may be back.
    refetchInterval: ({ state }) => (state.data?.events === events || state.error instanceof ServerError ? false : COST_REFRESH),
  })

export interface EventPage {
  events: HistoryEvent[]
  last_event_id: number
  /** A page ends at its bytes too. */
  more: boolean
}

export const readEvents = (id: string, query: { after?: number; limit?: number; data?: boolean; operation?: string }, signal: AbortSignal) =>
  getJson<EventPage>(`${executionPath(id)}/events`, query, signal)

/** A clock that can be wound is looked at all the time. */
export const clockQuery = () =>
  queryOptions({
    queryKey: ['clock'],
    queryFn: ({ signal }) => getJson<Clock>(`${BASE}/clock`, {}, signal),
    refetchInterval: ({ state }) => (state.data?.mode === 'real' ? false : REFRESH / 2),
  })

/** Moves time; answers once everything that came due on the way has happened. */
export async function moveClock(how: MoveClock): Promise<Clock> {
  const response = await send(`${BASE}/clock`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(how) })
  return (await response.json()) as Clock
}

export const callbacksQuery = (limit = PAGE_ROWS) =>
  queryOptions({
    queryKey: ['callbacks', limit],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => getJson<{ callbacks: OpenCallback[]; next_cursor?: string | null }>(`${BASE}/callbacks`, { limit }, signal),
    refetchInterval: REFRESH,
  })

export const timersQuery = (limit = PAGE_ROWS) =>
  queryOptions({
    queryKey: ['timers', limit],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => getJson<{ timers: Timer[] }>(`${BASE}/timers`, { limit }, signal),
    refetchInterval: REFRESH,
  })

export const functionsQuery = () =>
  queryOptions({
    queryKey: ['functions'],
    queryFn: ({ signal }) => getJson<{ functions: FunctionStatus[] }>(`${BASE}/functions`, {}, signal),
    refetchInterval: REFRESH,
  })

const functionPath = (name: string) => `${BASE}/functions/${encodeURIComponent(name)}`

export const functionQuery = (name: string) =>
  queryOptions({
    queryKey: ['function', name],
    queryFn: ({ signal }) => getJson<FunctionDetail>(functionPath(name), {}, signal),
    refetchInterval: REFRESH,
  })

/** The values of a function's environment variables: asked for by a person, and not kept. */
export const environmentQuery = (name: string, version: string) =>
  queryOptions({
    queryKey: ['environment', name, version],
    queryFn: ({ signal }) => getEnvironment(name, version, signal),
    gcTime: 0,
  })

export const metricsQuery = (name: string, minutes: number) =>
  queryOptions({
    queryKey: ['metrics', name, minutes],
    queryFn: ({ signal }) => getJson<{ metrics: Metric[] }>(`${functionPath(name)}/metrics`, { minutes }, signal),
    refetchInterval: 5 * REFRESH,
    placeholderData: keepPreviousData,
  })

export const inputsQuery = (name: string) =>
  queryOptions({
    queryKey: ['inputs', name],
    queryFn: ({ signal }) => getJson<{ inputs: FunctionInput[] }>(`${functionPath(name)}/inputs`, {}, signal),
  })

export interface LogFilter extends Query {
  execution?: string
  function?: string
  request_id?: string
  after?: number | undefined
  tail?: boolean
  limit?: number
}

export interface LogPage {
  lines: LogLine[]
  /** Where later lines are found; absent when there are none. */
  next_after?: number
}

/** Bytes of a line that are read at first; the whole line is read when it is asked for. */
const LINE_BYTES = 4_096

export const readLogs = (filter: LogFilter, signal: AbortSignal) =>
  getJson<LogPage>(`${BASE}/logs`, { ...filter, text_bytes_max: LINE_BYTES }, signal)

export const readLogLine = (number: number, signal?: AbortSignal) => getJson<LogLine>(`${BASE}/logs/${number}`, {}, signal)

export const logLineQuery = (number: number) =>
  queryOptions({
    queryKey: ['log-line', number],
    queryFn: ({ signal }) => readLogLine(number, signal),
    staleTime: Infinity,
  })

/** Lines of a function that are read at first, and that are kept while more arrive. */
const LINES_FIRST = 500
const LINES_KEPT = 2_000

/** The newest lines of a function, oldest first; each further read adds what came since. */
export const functionLogQuery = (name: string) =>
  queryOptions({
    queryKey: ['function-log', name],
    queryFn: async ({ signal, client, queryKey }) => {
      const known = client.getQueryData<LogLine[]>(queryKey) ?? []
      const last = known.at(-1)
      const { lines } = await readLogs(last === undefined ? { function: name, tail: true, limit: LINES_FIRST } : { function: name, after: last.number, limit: LINES_KEPT }, signal)
      return lines.length === 0 ? known : [...known, ...lines].slice(-LINES_KEPT)
    },
    structuralSharing: false,
  })

/** Lines of one reading of an execution's log. */
const LINES_OF_EXECUTION = 5_000

/** The lines of an execution, oldest first; each further read adds what came since. */
export const executionLogQuery = (id: string) =>
  queryOptions({
    queryKey: ['execution-log', id],
    queryFn: async ({ signal, client, queryKey }) => {
      let known = client.getQueryData<LogLine[]>(queryKey) ?? []
      for (;;) {
        const { lines, next_after: more } = await readLogs({ execution: id, after: known.at(-1)?.number, limit: LINES_OF_EXECUTION }, signal)
        if (lines.length > 0) known = [...known, ...lines]
        if (more === undefined || lines.length === 0) return known
      }
    },
    structuralSharing: false,
  })

export const segmentsQuery = (traceId: string) =>
  queryOptions({
    queryKey: ['segments', traceId],
    queryFn: ({ signal }) => getJson<{ segments: Segment[] }>(`${BASE}/segments`, { trace_id: traceId }, signal),
  })

export const systemQuery = () =>
  queryOptions({
    queryKey: ['system'],
    queryFn: ({ signal }) => getJson<System>(`${BASE}/system`, {}, signal),
    refetchInterval: REFRESH,
  })

export const serversQuery = () =>
  queryOptions({
    queryKey: ['servers'],
    queryFn: ({ signal }) => getJson<ServerList>(`${BASE}/servers`, {}, signal),
    refetchInterval: REFRESH / 2,
  })

export const auditQuery = (query: { kind?: string | undefined; containing?: string | undefined; limit: number }) =>
  queryOptions({
    queryKey: ['audit', query],
    queryFn: ({ signal }) => getJson<AuditLines>(`${BASE}/audit`, query, signal),
    refetchInterval: REFRESH,
    placeholderData: keepPreviousData,
  })

export const setAsideQuery = (limit: number) =>
  queryOptions({
    queryKey: ['set-aside', limit],
    queryFn: ({ signal }) => getJson<SetAsideList>(`${BASE}/set-aside`, { limit }, signal),
    refetchInterval: REFRESH,
  })

/** Takes an execution back that is set aside, and goes on with it. */
export async function tryAgain(id: string): Promise<{ outcome: 'taken_back' | 'set_aside' }> {
  const response = await send(`${BASE}/set-aside/${encodeURIComponent(id)}/try-again`, { method: 'POST' })
  return response.json()
}

/** Whole input and result. `endedAt` is part of the key: what is read before the end lacks the result. */
export const durableExecutionQuery = (arn: string, endedAt: number | null) =>
  queryOptions({
    queryKey: ['durable execution', arn, endedAt],
    queryFn: ({ signal }) => getDurableExecution(arn, signal),
    staleTime: Number.POSITIVE_INFINITY,
  })

/** The events about one operation, with their data. `events`: how many are known; more are read anew. */
export const operationEventsQuery = (id: string, operation: string, events: number) =>
  queryOptions({
    queryKey: ['operation events', id, operation, events],
    queryFn: async ({ signal }) => {
      const page = await readEvents(id, { operation, data: true, limit: 1_000 }, signal)
      while (page.more) {
        const next = await readEvents(id, { operation, after: page.last_event_id, data: true, limit: 1_000 }, signal)
        page.events.push(...next.events)
        page.last_event_id = next.last_event_id
        page.more = next.more && next.events.length > 0
      }
      return page
    },
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  })

/** One event with its data. */
export const eventQuery = (id: string, number: number) =>
  queryOptions({
    queryKey: ['event', id, number],
    queryFn: ({ signal }) => readEvents(id, { after: number - 1, data: true, limit: 1 }, signal),
    staleTime: Number.POSITIVE_INFINITY,
  })
