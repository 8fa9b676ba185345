/** What a line of a log says, whether its writer wrote text or JSON. */

export const LOG_LEVELS = ['ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LogText {
  level: LogLevel | null
  message: string
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
  if (fields === null) {
    const word = /^\W*(?:\S*\d\S*\s+){0,3}\[?(FATAL|CRITICAL|ERROR|WARN(?:ING)?|INFO|DEBUG|TRACE)\b/.exec(text.slice(0, 120))
    return { level: levelOf(word?.[1]), message: text, fields }
  }
  const inner = isObject(fields['fields']) ? fields['fields'] : {}
  const said = [fields['message'], fields['msg'], inner['message'], fields['errorMessage']].find((it) => it !== undefined && it !== null)
  return {
    level: levelOf(fields['level'] ?? fields['log_level'] ?? fields['severity']),
    message: said === undefined ? text : typeof said === 'string' ? said : JSON.stringify(said),
    fields,
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
