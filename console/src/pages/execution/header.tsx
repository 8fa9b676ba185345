import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import type { ErrorHead, Trigger as TriggerData, TriggerKind } from '../../api/types'
import { CopyText } from '../../components/copy-text'
import { NameText } from '../../components/name-text'
import { RouteLink } from '../../components/route-link'
import { StatusBadge } from '../../components/status-badge'
import { formatBytes, formatDuration, formatNumber } from '../../time/format'
import { useFrame } from '../../time/frame'
import { Countdown, Instant } from '../../time/instant'
import { WAKE_TEXT } from '../../util/activity'
import { paths } from '../../util/paths'
import type { Execution } from './model/use-execution'
import type { Selection } from './model/selection'

/** What an execution is, and where it stands. */
export function ExecutionFacts({ execution, selection }: { execution: Execution; selection: Selection }) {
  const { detail } = execution
  const isOpen = detail.ended_at === null || detail.ended_at === undefined
  return (
    <>
      {detail.set_aside && (
        <Alert type="error" header="Set aside: it cannot be worked on" action={<RouteLink href={paths.system()}>Try again under System</RouteLink>}>
          <span className="wrap-anywhere">
            {detail.set_aside.attempted}: {detail.set_aside.reason}
          </span>{' '}
          Since <Instant at={detail.set_aside.since_at} /> it is left alone, and the others continue.
        </Alert>
      )}
      {detail.pause && (
        <Alert type="warning" header={detail.pause.in_effect_since_at ? 'Paused' : 'Pausing: takes effect at the next checkpoint of the running invocation'}>
          <span className="wrap-anywhere">{detail.pause.reason ?? 'No reason was given.'}</span> While it is paused, timers run and answers are recorded, but the function is not invoked.
        </Alert>
      )}
      {detail.error && (
        <Alert type="error" header={<span className="wrap-anywhere">{detail.error.type ?? 'Error'}</span>} action={<DataLink selection={selection} />}>
          <span className="wrap-anywhere">{detail.error.message}</span>
          <Advice error={detail.error} />
        </Alert>
      )}
      {detail.invocation_error && <Failing detail={detail} error={detail.invocation_error} />}
      <dl className="execution-head">
        <Fact label="Status">
          <StatusBadge status={detail.status} />
        </Fact>
        <Fact label="Function">
          <RouteLink href={paths.function(detail.function)}>
            <NameText name={detail.function} />
          </RouteLink>
          <span className="secondary" title={`Version ${detail.version}`}>
            :{detail.version}
          </span>
        </Fact>
        <Fact label="Trigger">
          <Trigger trigger={detail.trigger} />
          {detail.tenant_id ? `, tenant ${detail.tenant_id}` : ''}
        </Fact>
        <Fact label="Started">
          <Instant at={detail.started_at} isShort />
        </Fact>
        <Fact label={isOpen ? 'Next wake-up' : 'Ended'}>{isOpen ? <Wake execution={execution} /> : <Instant at={detail.ended_at} isShort />}</Fact>
        <Fact label="Duration">
          <Split execution={execution} />
        </Fact>
        <Fact label="Used">
          <Used name="operations" {...detail.limits.operations} format={formatNumber} />
          <br />
          <Used name="" {...detail.limits.bytes} format={formatBytes} />
        </Fact>
        <div className="wide">
          <dt>ARN</dt>
          <dd className="arn" title={detail.arn}>
            <CopyText text={detail.arn} code label="Copy the ARN" />
          </dd>
        </div>
      </dl>
    </>
  )
}

/** Why it does not come on: its invocations fail one after the other. */
function Failing({ detail, error }: { detail: Execution['detail']; error: ErrorHead }) {
  const count = detail.failed_invocations
  return (
    <Alert type="warning" header={count === 1 ? 'The last invocation failed' : `The last ${count} invocations failed`}>
      <span className="wrap-anywhere">
        <b>{error.type ?? 'Error'}</b>: {error.message}
      </span>
      <Advice error={error} />
    </Alert>
  )
}

/** What to do about an error, where its words tell. */
function Advice({ error }: { error: ErrorHead }) {
  if (error.advice === null || error.advice === undefined) return null
  return <div className="secondary">To fix it: {error.advice}.</div>
}

/** How each kind of event source is called; the text goes on with which one. */
const SOURCE: Record<Exclude<TriggerKind, 'INVOKE' | 'CHAINED_INVOKE'>, string> = {
  HTTP_API: 'HTTP API',
  REST_API: 'REST API',
  FUNCTION_URL: 'Function URL',
  SCHEDULE: 'Schedule',
  QUEUE: 'Queue',
  STATE_MACHINE: 'State machine',
}

function Trigger({ trigger: { kind, parent, source } }: { trigger: TriggerData }) {
  if (kind === 'INVOKE') return 'Invoke'
  if (kind === 'CHAINED_INVOKE') {
    const text = 'Invoked by another execution'
    return parent ? <RouteLink href={paths.execution(parent.execution_id, { operation: parent.operation_id })}>{text}</RouteLink> : text
  }
  return (
    <>
      {SOURCE[kind]}
      <br />
      <NameText name={source ?? ''} />
    </>
  )
}

function Fact({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function DataLink({ selection }: { selection: Selection }) {
  return (
    <button type="button" className="text-button" onClick={() => selection.select({ tab: 'data' })}>
      Show the whole error
    </button>
  )
}

function Wake({ execution: { detail } }: { execution: Execution }) {
  const wake = detail.next_wake_up
  if (wake === null || wake === undefined) return <span className="secondary">nothing is due</span>
  return (
    <>
      <Countdown to={wake.at} /> <span className="secondary">({WAKE_TEXT[wake.reason]})</span>
    </>
  )
}

/** Running and waiting: what it cost, and what it did not. */
function Split({ execution: { detail, clockAhead } }: { execution: Execution }) {
  const isOpen = detail.ended_at === null || detail.ended_at === undefined
  const now = useFrame(isOpen) + clockAhead
  const since = isOpen ? Math.max(0, now - detail.server_now_at) : 0
  const running = detail.running_ms + (detail.invocation ? since : 0)
  const waiting = detail.waiting_ms + (detail.invocation ? 0 : since)
  const total = running + waiting
  return (
    <>
      <span className="figure">{formatDuration(total)}</span>
      <div className="split-bar" aria-hidden="true">
        <span className="split-running" style={{ inlineSize: `${total === 0 ? 0 : (running / total) * 100}%` }} />
        <span className="split-waiting" />
      </div>
      <Box variant="small" color="text-body-secondary">
        {formatDuration(running)} running, {formatDuration(waiting)} waiting
      </Box>
    </>
  )
}

function Used({ name, used, max, format }: { name: string; used: number; max?: number | null; format: (value: number) => string }) {
  return (
    <span className="figure">
      {format(used)} {max === null || max === undefined ? '' : `of ${format(max)} `}
      {name}
    </span>
  )
}
