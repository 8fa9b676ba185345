import '../../../styles/log.css'
import Select from '@cloudscape-design/components/select'
import TextFilter from '@cloudscape-design/components/text-filter'
import Toggle from '@cloudscape-design/components/toggle'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { executionLogQuery } from '../../../api/console'
import type { LogLine } from '../../../api/types'
import { CopyText } from '../../../components/copy-text'
import { EmptyState } from '../../../components/empty-state'
import { ErrorBox } from '../../../components/error-box'
import { Loading } from '../../../components/loading'
import { LogRow } from '../../../components/log-line'
import { quote } from '../../../util/commands'
import { LOG_LEVELS, readLogText } from '../../../util/log-text'
import { useUrlText } from '../../../util/url-text'
import type { History } from '../model/history'
import { replayedLines } from '../model/replayed-lines'
import type { Selection } from '../model/selection'
import type { Execution } from '../model/use-execution'

const FOLLOW_EVERY = 1_000
/** Lines that are drawn at the most. */
const SHOWN = 5_000

const LEVELS = [{ value: '', label: 'Every level' }, ...LOG_LEVELS.slice(0, 3).map((value) => ({ value, label: value === 'ERROR' ? 'Errors' : value === 'WARN' ? 'Warnings and worse' : 'Info and worse' }))]

/** What all invocations of the execution wrote. */
export function LogsTab({ execution, selection }: { execution: Execution; selection: Selection }) {
  const { detail, history } = execution
  const [parameters] = useSearchParams()
  const [text, setText] = useUrlText('find')
  const [level, setLevel] = useState(LEVELS.find(({ value }) => value === parameters.get('level'))?.value ?? '')
  const [showsPlatform, showPlatform] = useState(false)
  const [showsOthers, showOthers] = useState(true)
  const [follows, follow] = useState(detail.ended_at === null || detail.ended_at === undefined)
  const log = useQuery({ ...executionLogQuery(execution.id), refetchInterval: follows ? FOLLOW_EVERY : false })
  const all = log.data ?? []
  const operation = selection.operation === null ? undefined : history.operations.get(selection.operation)
  const lines = all.filter(
    (line) => (showsPlatform || line.stream !== 'platform') && isShown(line, text, level) && (showsOthers || operation === undefined || isOf(line, operation.id, operation.name)),
  )
  const shown = lines.slice(-SHOWN)
  const replayed = replayedLines(all, history.invocations)
  return (
    <div className="events">
      <div className="timeline-tools">
        <CopyText text={`lambdura logs ${quote(detail.name)} --follow`} code label="Copy the command" />
        <Toggle checked={showsPlatform} onChange={({ detail: { checked } }) => showPlatform(checked)}>
          START, END, REPORT
        </Toggle>
        <Toggle checked={follows} onChange={({ detail: { checked } }) => follow(checked)}>
          Follow
        </Toggle>
        <span className="secondary" role="status">{`${lines.length.toLocaleString('en')} lines`}</span>
        {operation !== undefined && (
          <Toggle checked={!showsOthers} onChange={({ detail: { checked } }) => showOthers(!checked)}>
            Only the selected operation
          </Toggle>
        )}
      </div>
      <div className="log-filter">
        <TextFilter filteringText={text} filteringPlaceholder="Text" filteringAriaLabel="Search the lines" onChange={({ detail: { filteringText } }) => setText(filteringText)} />
        <Select ariaLabel="Level" selectedOption={LEVELS.find(({ value }) => value === level) ?? null} options={LEVELS} onChange={({ detail: { selectedOption } }) => setLevel(selectedOption.value ?? '')} />
      </div>
      {log.error !== null && <ErrorBox title="The log could not be read" error={log.error} onRetry={() => void log.refetch()} />}
      {log.isPending && <Loading />}
      {!log.isPending && (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
        <div className="log-scroller" role="log" aria-label="Log of the execution" aria-live="off" tabIndex={0}>
          <div className="log-lines">
            {shown.map((line, index) => {
              const isNext = line.request_id !== shown[index - 1]?.request_id && line.request_id !== null && line.request_id !== undefined
              return (
                <div key={line.number} className={`${replayed.has(line.number) ? 'log-replayed' : ''}${operation !== undefined && isOf(line, operation.id, operation.name) ? ' log-selected' : ''}`}>
                  {isNext && <p className="log-invocation">{`Invocation ${numberOf(history, line.request_id, detail.invocation?.request_id)}`}</p>}
                  <LogRow line={line} />
                </div>
              )
            })}
            {shown.length === 0 && (
              <EmptyState title={all.length === 0 ? 'Nothing written yet' : 'No line matches'}>
                {all.length === 0 ? 'What the function logs appears here live. Old lines are deleted before executions are.' : ''}
              </EmptyState>
            )}
          </div>
        </div>
      )}
    </div>
  )
}

function isShown(line: LogLine, text: string, level: string): boolean {
  if (text !== '' && !line.text.toLowerCase().includes(text.toLowerCase())) return false
  if (level === '') return true
  const own = readLogText(line.text).level
  return own !== null && LOG_LEVELS.indexOf(own) <= LOG_LEVELS.findIndex((it) => it === level)
}

const isOf = (line: LogLine, id: string, name: string | null): boolean => line.text.includes(id) || (name !== null && name.length > 2 && line.text.includes(`"${name}"`))

function numberOf(history: History, requestId: string | null | undefined, active: string | undefined): number | string {
  const found = history.invocations.find((it) => it.requestId === requestId)
  return found?.number ?? (requestId === active ? history.invocations.length + 1 : '?')
}
