import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import TextFilter from '@cloudscape-design/components/text-filter'
import Toggle from '@cloudscape-design/components/toggle'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import { functionLogQuery } from '../../api/console'
import type { LogLine } from '../../api/types'
import { CopyText } from '../../components/copy-text'
import { EmptyState } from '../../components/empty-state'
import { ErrorBox } from '../../components/error-box'
import { Loading } from '../../components/loading'
import { LogRow } from '../../components/log-line'
import { useShortcuts } from '../../keyboard/shortcuts'
import { formatNumber } from '../../time/format'
import { LOG_LEVELS, type LogLevel, readLogText } from '../../util/log-text'
import { quote } from '../../util/commands'
import { useUrlText } from '../../util/url-text'

const FOLLOW_EVERY = 1_000

const LEVEL_OPTIONS = [
  { value: '', label: 'Every level' },
  { value: 'ERROR', label: 'Errors' },
  { value: 'WARN', label: 'Warnings and worse' },
  { value: 'INFO', label: 'Info and worse' },
]

/** What the function writes, the newest at the bottom. */
export function LogsTab({ name }: { name: string }) {
  const [parameters, setParameters] = useSearchParams()
  const follows = parameters.get('follow') !== 'false'
  const [text, setText] = useUrlText('text')
  const level = LOG_LEVELS.find((it) => it === parameters.get('level')) ?? null
  const { data, error, refetch } = useQuery({ ...functionLogQuery(name), refetchInterval: follows ? FOLLOW_EVERY : false })
  const shown = (data ?? []).filter((line) => isShown(line, text, level))

  const set = (key: string, value: string) =>
    setParameters(
      (old) => {
        const next = new URLSearchParams(old)
        if (value === '') next.delete(key)
        else next.set(key, value)
        return next
      },
      { replace: true },
    )
  const follow = (next: boolean) => set('follow', next ? '' : 'false')
  useShortcuts([
    { keys: '/', label: 'Search the lines', run: () => document.querySelector<HTMLInputElement>('#function-log input')?.focus() },
    { keys: 'f', label: 'Follow the log, or stop following', run: () => follow(!follows) },
  ])

  return (
    <Container
      header={
        <Header
          variant="h2"
          counter={data === undefined ? '' : `(${formatNumber(shown.length)})`}
          description={<CopyText text={`lambdura logs ${quote(name)} --follow`} code label="Copy the command" />}
          actions={
            <Toggle checked={follows} onChange={({ detail }) => follow(detail.checked)}>
              Follow
            </Toggle>
          }
        >
          Log
        </Header>
      }
    >
      <SpaceBetween size="s">
        <div id="function-log" className="log-filter">
          <TextFilter
            filteringText={text}
            filteringPlaceholder="Text, request id or execution id"
            filteringAriaLabel="Search the lines"
            onChange={({ detail }) => setText(detail.filteringText)}
          />
          <Select
            ariaLabel="Level"
            selectedOption={LEVEL_OPTIONS.find(({ value }) => value === (level ?? '')) ?? null}
            options={LEVEL_OPTIONS}
            onChange={({ detail }) => set('level', detail.selectedOption.value ?? '')}
          />
        </div>
        {error !== null && <ErrorBox title="The log could not be read" error={error} onRetry={() => void refetch()} />}
        {data === undefined && error === null && <Loading />}
        {data !== undefined && (
          <div className="log-scroller" role="log" aria-label={`Log of ${name}`} aria-live="off">
            <div className="log-lines">
              {shown.map((line) => (
                <LogRow key={line.number} line={line} showsExecution />
              ))}
              {shown.length === 0 && <Nothing name={name} isFiltered={data.length > 0} />}
            </div>
          </div>
        )}
      </SpaceBetween>
    </Container>
  )
}

function Nothing({ name, isFiltered }: { name: string; isFiltered: boolean }) {
  if (isFiltered) return <EmptyState title="No line matches">The newest lines are searched. For all of them: lambdura logs {name} | grep …</EmptyState>
  return (
    <EmptyState title="Nothing written yet" command={`lambdura invoke ${quote(name)} --payload '{}'`}>
      What the function logs appears here live.
    </EmptyState>
  )
}

/** Lines without a level pass only where every level does. */
function isShown(line: LogLine, text: string, level: LogLevel | null): boolean {
  if (text !== '') {
    const needle = text.toLowerCase()
    if (![line.text, line.request_id, line.execution_id].some((it) => it?.toLowerCase().includes(needle) === true)) return false
  }
  if (level === null) return true
  const own = readLogText(line.text).level
  return own !== null && LOG_LEVELS.indexOf(own) <= LOG_LEVELS.indexOf(level)
}
