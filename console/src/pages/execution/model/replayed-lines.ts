/** Which lines of a log tell again what an earlier invocation told. */

import type { LogLine } from '../../../api/types'
import { readLogText } from '../../../util/log-text'
import type { Invocation } from './history'

/**
 * The numbers of lines that a replay wrote again: before their invocation recorded anything new, and saying what an
 * earlier one had said. The time alone would not do: a step writes before its first checkpoint arrives.
 */
export function replayedLines(lines: readonly LogLine[], invocations: readonly Invocation[]): Set<number> {
  const byRequest = new Map(invocations.map((invocation) => [invocation.requestId, invocation]))
  const toldIn = new Map<string, number>()
  const replayed = new Set<number>()
  for (const line of lines) {
    if (line.stream === 'platform') continue
    const invocation = byRequest.get(line.request_id ?? '')
    const number = invocation?.number ?? Number.POSITIVE_INFINITY
    const { level, message, extras } = readLogText(line.text)
    const told = `${level ?? ''} ${message} ${extras.join(' ')}`
    const before = toldIn.get(told)
    if (before === undefined) toldIn.set(told, number)
    else if (before < number && invocation !== undefined && line.timestamp < invocation.replayedUntil) replayed.add(line.number)
  }
  return replayed
}
