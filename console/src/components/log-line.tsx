import '../styles/log.css'
import { useQuery } from '@tanstack/react-query'
import { memo, useState } from 'react'
import { logLineQuery } from '../api/console'
import type { LogLine } from '../api/types'
import { useTimeMode } from '../preferences/time-mode'
import { formatBytes, formatClock } from '../time/format'
import { readLogText } from '../util/log-text'
import { paths } from '../util/paths'
import { CopyText } from './copy-text'
import { RouteLink } from './route-link'

interface Props {
  line: LogLine
  /** Whether to link to the line's execution: not where all lines are of one. */
  showsExecution?: boolean
}

/** One line of a log: when, how grave, what; opened, everything that it says. */
export const LogRow = memo(function LogRow({ line, showsExecution = false }: Props) {
  const [timeMode] = useTimeMode()
  const [isOpen, open] = useState(false)
  const { level, message, extras } = readLogText(line.text)
  return (
    <details className={`log-row log-${level?.toLowerCase() ?? line.stream}`} onToggle={(event) => open(event.currentTarget.open)}>
      <summary>
        <time className="figure log-time" dateTime={new Date(line.timestamp).toISOString()}>
          {formatClock(line.timestamp, timeMode)}
        </time>
        <span className="log-level">{level ?? (line.stream === 'stdout' ? '' : line.stream)}</span>
        <span className="log-message">
          {message.slice(0, 1_000)}
          {extras.length > 0 && <span className="log-extras"> {extras.join(' ')}</span>}
        </span>
      </summary>
      {isOpen && <Opened line={line} showsExecution={showsExecution} />}
    </details>
  )
})

function Opened({ line, showsExecution }: Required<Props>) {
  const isCut = line.text_bytes !== null && line.text_bytes !== undefined
  const [isWhole, readWhole] = useState(false)
  const { data, error } = useQuery({ ...logLineQuery(line.number), enabled: isWhole })
  const text = data?.text ?? line.text
  const { fields } = readLogText(text)
  return (
    <div className="log-opened">
      <pre className="wrap-anywhere">{fields === null ? text : JSON.stringify(fields, null, 2)}</pre>
      {isCut && data === undefined && (
        <button type="button" className="text-button" onClick={() => readWhole(true)}>
          {error === null ? `Read the whole line (${formatBytes(line.text_bytes ?? 0)})` : `It could not be read: ${error.message}`}
        </button>
      )}
      <dl>
        <dt>Version</dt>
        <dd>{line.version}</dd>
        {line.request_id !== null && line.request_id !== undefined && (
          <>
            <dt>Request</dt>
            <dd>
              <CopyText text={line.request_id} label="Copy the request id" />
            </dd>
          </>
        )}
        {showsExecution && line.execution_id !== null && line.execution_id !== undefined && (
          <>
            <dt>Execution</dt>
            <dd>
              <RouteLink href={paths.execution(line.execution_id, { tab: 'logs' })}>{line.execution_id}</RouteLink>
            </dd>
          </>
        )}
      </dl>
    </div>
  )
}
