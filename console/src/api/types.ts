/** What the console routes of the server answer. */

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'STOPPED' | 'PAUSING' | 'PAUSED'

export type OperationType = 'EXECUTION' | 'CONTEXT' | 'STEP' | 'WAIT' | 'CALLBACK' | 'CHAINED_INVOKE'

export type WakeReason =
  | 'EXECUTION_TIMEOUT'
  | 'WAIT_ELAPSED'
  | 'STEP_RETRY'
  | 'CALLBACK_TIMEOUT'
  | 'CALLBACK_HEARTBEAT'
  | 'INVOCATION_RETRY'
  | 'RETENTION_ELAPSED'

export interface OpenOperation {
  operation_id: string
  name?: string | null
  type: OperationType
  sub_type?: string | null
  status: string
  started_at: number
  /** When its wait ends, its next attempt begins, or its callback times out. */
  due_at?: number | null
  callback_id?: string | null
  /** The function of a chained invoke. */
  function?: string | null
}

export interface Activity {
  kind: 'RUNNING' | 'WAITING' | 'BACKING_OFF' | 'PAUSED'
  since_at?: number | null
  operations: OpenOperation[]
  /** Whether there are open operations beyond those listed. */
  more: boolean
}

export interface ExecutionSummary {
  execution_id: string
  arn: string
  name: string
  function: string
  version: string
  status: ExecutionStatus
  started_at: number
  ended_at?: number | null
  operation_count: number
  invocation_count: number
  activity?: Activity | null
  next_wake_up?: { at: number; reason: WakeReason; operation_id?: string | null } | null
  error?: { type?: string | null; message?: string | null } | null
  parent?: { execution_id: string; operation_id: string } | null
}

export interface ExecutionPage {
  executions: ExecutionSummary[]
  next_cursor?: string | null
  /** False: the time of one request ran out before the page was full; go on with the cursor. */
  complete: boolean
  searched_back_to_at?: number | null
}

export type CountsByStatus = Partial<Record<ExecutionStatus, number>>

export interface ExecutionCounts {
  total: number
  by_status: CountsByStatus
  by_function: { function: string; version: string; by_status: CountsByStatus }[]
}

export interface LivePage {
  executions: ExecutionSummary[]
  order: string[]
  counts: ExecutionCounts
  next_cursor?: string | null
  complete: boolean
  searched_back_to_at?: number | null
}

export interface Usage {
  used: number
  max?: number | null
}

export interface ExecutionDetail extends ExecutionSummary {
  execution_timeout_seconds: number
  retention_days: number
  tenant_id?: string | null
  trace_header?: string | null
  trace_id?: string | null
  input_bytes: number
  result_bytes?: number | null
  event_count: number
  limits: { operations: Usage; bytes: Usage }
  running_ms: number
  waiting_ms: number
  invocation?: { number: number; request_id: string; scheduled_at: number } | null
  next_invocation_at?: number | null
  failed_invocations: number
  pause?: { requested_at: number; in_effect_since_at?: number | null; reason?: string | null; execution_timeout_paused: boolean } | null
  trigger: { kind: 'INVOKE' | 'CHAINED_INVOKE'; parent?: { execution_id: string; operation_id: string } | null }
  server_now_at: number
}

export interface OpenCallback {
  execution_id: string
  arn: string
  execution_name: string
  function: string
  version: string
  execution_status: ExecutionStatus
  operation_id: string
  name?: string | null
  callback_id: string
  started_at: number
  deadline_at?: number | null
  heartbeat_timeout_seconds?: number | null
  heartbeat_deadline_at?: number | null
  last_heartbeat_at?: number | null
}

export interface Timer {
  execution_id: string
  arn: string
  execution_name: string
  function: string
  version: string
  operation_id?: string | null
  name?: string | null
  reason: WakeReason
  due_at: number
}

export interface FunctionStats {
  window_seconds: number
  invocations: number
  errors: number
  throttles: number
  duration_p50_ms?: number | null
  duration_p95_ms?: number | null
  buckets: { at: number; invocations: number; errors: number; p50_ms?: number | null; p95_ms?: number | null }[]
}

export interface FunctionVersionStatus {
  version: string
  aliases: string[]
  published_at: number
  open_executions: number
  warm: number
  busy: number
  queued: number
}

export interface FunctionStatus {
  function: string
  arn: string
  is_durable: boolean
  runtime?: string | null
  handler?: string | null
  state?: string | null
  code_sha256?: string | null
  timeout_seconds: number
  memory_mb: number
  description?: string | null
  last_modified_at?: number | null
  concurrency_limit: number
  reserved: boolean
  versions: FunctionVersionStatus[]
  latest_version: string
  stats: FunctionStats
}

export interface FunctionDetail extends FunctionStatus {
  environment: { name: string; value?: string | null; masked: boolean }[]
  layers: string[]
  execution_timeout_seconds?: number | null
  retention_days?: number | null
  tags: Record<string, string>
}

export interface Metric {
  namespace: string
  name: string
  unit: string
  dimensions: Record<string, string>
  points: { at: number; sum: number; count: number; min: number; max: number }[]
}

export interface FunctionInput {
  source: 'execution' | 'sample'
  title: string
  at?: number | null
  payload: string
}

export interface LogLine {
  number: number
  timestamp: number
  function: string
  version: string
  request_id?: string | null
  execution_id?: string | null
  stream: 'stdout' | 'stderr' | 'platform'
  text: string
  /** The whole length, where `text` was cut. */
  text_bytes?: number | null
}

export interface Segment {
  trace_id: string
  received_at: number
  document: unknown
}

export interface System {
  version: string
  pid: number
  started_at: number
  now_at: number
  endpoint: string
  region: string
  account_id: string
  data_dir: string
  durability: string
  store: { kind: string; path?: string | null; bytes: number; wal_bytes: number; logs_bytes: number; growth_bytes_per_hour?: number | null }
  commits: { count: number; fsync_p50_us?: number | null; fsync_p99_us?: number | null; transitions_per_commit?: number | null }
  resident_executions: number
  queues: { asynchronous: number; executions_due: number; dead_letters: number }
  processes: { function: string; version: string; warm: number; busy: number; queued: number }[]
  warnings: { at: number; level: string; target: string; message: string }[]
  limits: string
  apis: { name: string; url: string }[]
  telemetry: { otlp_endpoint?: string | null }
}
