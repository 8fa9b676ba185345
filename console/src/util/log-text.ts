/** What a line of a log says, whether its writer wrote text or JSON. */

export const LOG_LEVELS = ['ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LogText {
  level: LogLevel | null
  message: string
  /** What the line says beside its message, without what every line says: `status=400`. */
  extras: string[]
  /** Everything that the line says, where it is a JSON object. */
  fields: Record<string, unknown> | null
}

const ALIASES: Record<string, LogLevel> = { FATAL: 'ERROR', CRITICAL: 'ERROR', WARNING: 'WARN', NOTICE: 'INFO' }

function levelOf(value: unknown): LogLevel | null {
  if (typeof value !== 'string') return null
  const upper = value.toUpperCase()
  return LOG_LEVELS.find((level) => level === upper) ?? ALIASES[upper] ?? null
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Level and message of a JSON line as Powertools, Lambda's JSON format or Rust's tracing write it; of other text its first word after time and ids, if that is a level. */
export function readLogText(text: string): LogText {
  const fields = text.startsWith('{') ? parse(text) : null
  if (fields === null && text.startsWith('{')) {
    // A line that was cut, or is not quite JSON: what can be told from its beginning.
    const level = levelOf(/"(?:level|log_level|severity)"\s*:\s*"(\w+)"/.exec(text)?.[1])
    const message = /"(?:message|msg)"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(text)?.[1]
    return { level, message: unquoted(message) ?? text, extras: [], fields }
  }
  if (fields === null) {
    const word = /^\W*(?:\S*\d\S*\s+){0,3}\[?(FATAL|CRITICAL|ERROR|WARN(?:ING)?|INFO|DEBUG|TRACE)\b/.exec(text.slice(0, 120))
    return { level: levelOf(word?.[1]), message: text, extras: [], fields }
  }
  const inner = isObject(fields['fields']) ? fields['fields'] : {}
  const said = [fields['message'], fields['msg'], inner['message'], fields['errorMessage']].find((it) => it !== undefined && it !== null)
  return {
    level: levelOf(fields['level'] ?? fields['log_level'] ?? fields['severity']),
    message: said !== undefined ? (typeof said === 'string' ? said : JSON.stringify(said)) : isObject(fields['_aws']) ? 'metrics' : text,
    extras: said === undefined && !isObject(fields['_aws']) ? [] : extras({ ...inner, ...fields }),
    fields,
  }
}

/** Members that Lambda, Powertools and tracing give to every line. */
const ORDINARY = new Set(
  (
    'timestamp time level log_level severity message msg fields errorMessage target location logger service spans span threadId name hostname pid v _aws ' +
    'cold_start ColdStart function_name function_version function_memory_size function_arn function_request_id requestId request_id AWSRequestId correlation_id xray_trace_id traceId tenantId ' +
    'execution_arn executionArn execution_id durable_execution_arn durableExecutionArn'
  ).split(' '),
)

const EXTRAS_MAX = 8

function extras(fields: Record<string, unknown>): string[] {
  return Object.entries(fields)
    .filter(([name, value]) => !ORDINARY.has(name) && value !== null)
    .slice(0, EXTRAS_MAX)
    .map(([name, value]) => `${name}=${(typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 80)}`)
}

function unquoted(text: string | undefined): string | undefined {
  try {
    const value: unknown = text === undefined ? undefined : JSON.parse(text)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}
