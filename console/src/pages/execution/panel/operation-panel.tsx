import '../../../styles/panel.css'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { operationEventsQuery } from '../../../api/console'
import type { HistoryEvent } from '../../../api/lambda'
import { useMay } from '../../../api/use-may'
import { type CallbackAnswer, CallbackDialog } from '../../../components/callback-dialog'
import { CopyText } from '../../../components/copy-text'
import { ErrorBox } from '../../../components/error-box'
import { ErrorView } from '../../../components/error-view'
import { Loading } from '../../../components/loading'
import { PayloadViewer } from '../../../components/payload-viewer/payload-viewer'
import { RouteLink } from '../../../components/route-link'
import { notify } from '../../../layout/notifications'
import { formatSetting } from '../../../time/format'
import { Countdown, Elapsed, Instant } from '../../../time/instant'
import { paths } from '../../../util/paths'
import { isState, StateData } from '../graph/state-data'
import { ancestors, errorOf, type Operation } from '../model/history'
import type { Selection } from '../model/selection'
import type { Execution } from '../model/use-execution'
import { nameOf, OPERATION_STATUS_LABEL, runsText, typeLabel } from '../timeline/look'
import { OperationIcon } from '../timeline/operation-icon'

interface Props {
  execution: Execution
  operation: Operation
  selection: Selection
}

/** Everything about the selected operation. */
export function OperationPanel({ execution, operation, selection }: Props) {
  const { history, id } = execution
  const link = `${window.location.origin}${paths.execution(id, { tab: selection.tab, operation: operation.id })}`
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={<Button iconName="close" variant="icon" ariaLabel="Close the panel" onClick={() => selection.select({ operation: null })} />}
          description={
            <>
              <OperationIcon operation={operation} /> {isState(execution, operation) ? 'State' : typeLabel(operation)}, {OPERATION_STATUS_LABEL[operation.status].toLowerCase()}
            </>
          }
        >
          <bdi className="wrap-anywhere">{nameOf(operation)}</bdi>
        </Header>
      }
    >
      <SpaceBetween size="m">
        <Chain history={history} operation={operation} selection={selection} />
        <dl className="panel-facts">
          <dt>Started</dt>
          <dd>
            <Instant at={operation.startedAt} />
          </dd>
          <dt>{operation.endedAt === null ? 'So far' : 'Took'}</dt>
          <dd>
            <Elapsed from={operation.startedAt} to={operation.endedAt} />
          </dd>
          {operation.waitUntil !== null && operation.endedAt === null && (
            <>
              <dt>Ends</dt>
              <dd>
                <Countdown to={operation.waitUntil} />
              </dd>
            </>
          )}
          {operation.nextAttemptAt !== null && (
            <>
              <dt>Next attempt</dt>
              <dd>
                <Countdown to={operation.nextAttemptAt} />
              </dd>
            </>
          )}
          {operation.children.length > 0 && (
            <>
              <dt>Holds</dt>
              <dd>{operation.children.length.toLocaleString('en')} operations</dd>
            </>
          )}
          {operation.functionName !== null && (
            <>
              <dt>Invokes</dt>
              <dd className="wrap-anywhere">{operation.functionName}</dd>
            </>
          )}
          {operation.executionArn !== null && (
            <>
              <dt>Execution</dt>
              <dd>
                <RouteLink href={paths.execution(operation.executionArn.split('/').at(-1) ?? '')}>The one that it started</RouteLink>
              </dd>
            </>
          )}
          <dt>Id</dt>
          <dd>
            <CopyText text={operation.id} shown={`${operation.id.slice(0, 12)}…`} code label="Copy the operation id" />
          </dd>
          <dt>Link</dt>
          <dd>
            <CopyText text={link} shown="To this operation" label="Copy the link to this operation" />
          </dd>
        </dl>
        {operation.type === 'CALLBACK' && <Callback execution={execution} operation={operation} />}
        <Attempts operation={operation} />
        {isState(execution, operation) ? <StateData execution={execution} operation={operation} /> : <Data id={id} operation={operation} />}
        <Traces operation={operation} selection={selection} />
      </SpaceBetween>
    </Container>
  )
}

/** Where the operation lies. */
function Chain({ history, operation, selection }: { history: Execution['history']; operation: Operation; selection: Selection }) {
  const chain = ancestors(history, operation)
  if (chain.length === 0) return null
  return (
    <nav aria-label="Lies in" className="panel-chain">
      {chain.map((parent) => (
        <span key={parent.id}>
          <button type="button" className="text-button" onClick={() => selection.select({ operation: parent.id })}>
            <bdi>{nameOf(parent)}</bdi>
          </button>{' '}
          ›{' '}
        </span>
      ))}
      <bdi>{nameOf(operation)}</bdi>
    </nav>
  )
}

function Callback({ execution, operation }: { execution: Execution; operation: Operation }) {
  const [kind, answer] = useState<CallbackAnswer | null>(null)
  const may = useMay()
  if (operation.callbackId === null) return null
  const isOpen = operation.endedAt === null && !execution.detail.ended_at
  const deadline = operation.timeoutSeconds === null ? null : operation.startedAt + operation.timeoutSeconds * 1_000
  return (
    <section className="payload">
      <Header variant="h3">Callback</Header>
      <CopyText text={operation.callbackId} shown={`${operation.callbackId.slice(0, 24)}…`} code label="Copy the callback id" />
      {isOpen && (
        <>
          <p className="secondary">
            {deadline === null ? 'It never times out' : 'It times out '}
            {deadline !== null && <Countdown to={deadline} />}
            {operation.heartbeatTimeoutSeconds === null ? '.' : `, and without a heartbeat after ${formatSetting(operation.heartbeatTimeoutSeconds)}.`}
          </p>
          <span className="row-actions">
            {may('lambda:SendDurableExecutionCallbackSuccess') && (
              <Button wrapText={false} variant="primary" onClick={() => answer('succeed')}>
                Succeed
              </Button>
            )}
            {may('lambda:SendDurableExecutionCallbackFailure') && <Button wrapText={false} onClick={() => answer('fail')}>Fail</Button>}
            {may('lambda:SendDurableExecutionCallbackHeartbeat') && (
              <Button wrapText={false} variant="link" onClick={() => answer('heartbeat')}>
                Heartbeat
              </Button>
            )}
          </span>
        </>
      )}
      {kind !== null && (
        <CallbackDialog
          callback={{ callback_id: operation.callbackId, name: operation.name, execution_name: execution.detail.name }}
          kind={kind}
          onDismiss={() => answer(null)}
          onDone={() => {
            answer(null)
            notify('success', kind === 'heartbeat' ? 'The heartbeat was recorded.' : 'The answer was recorded: the execution continues.')
          }}
        />
      )}
    </section>
  )
}

function Attempts({ operation }: { operation: Operation }) {
  const again = runsText(operation.attempts)
  if (operation.attempts.length < 2 && operation.attempts[0]?.error === null && again === '') return null
  if (operation.attempts.length === 0) return null
  return (
    <section className="payload">
      <Header variant="h3" counter={`(${operation.attempts.length})`}>
        Attempts
      </Header>
      <table className="panel-attempts">
        <thead>
          <tr>
            <th scope="col">No.</th>
            <th scope="col">Started</th>
            <th scope="col">Took</th>
            <th scope="col">Then</th>
          </tr>
        </thead>
        <tbody>
          {operation.attempts.slice(-50).map((attempt) => (
            <tr key={attempt.number}>
              <td>{attempt.number}</td>
              <td>
                <Instant at={attempt.startedAt} />
              </td>
              <td>
                <Elapsed from={attempt.startedAt} to={attempt.endedAt} />
              </td>
              <td className="wrap-anywhere">
                {attempt.runs.length > 1 && <span className="error-line">{`ran ${attempt.runs.length === 2 ? 'twice' : `${attempt.runs.length} times`}: cut off with its invocation, and run again; `}</span>}
                {attempt.endedAt === null && attempt.runs.length === 1 && attempt.runs[0]?.isCutOff && <span className="error-line">cut off with its invocation, and runs again; </span>}
                {attempt.error !== null && <span className="error-line">{(attempt.error.ErrorMessage ?? attempt.error.ErrorType ?? 'failed').slice(0, 200)}</span>}
                {attempt.nextDelaySeconds !== null && <span className="secondary"> again after {formatSetting(attempt.nextDelaySeconds)}</span>}
                {attempt.error === null && attempt.nextDelaySeconds === null && (attempt.endedAt === null ? 'running' : 'succeeded')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

/** Events that are offered. */
const EVENTS_SHOWN = 12

/** Where the operation is told of: its events, its part of the log. */
function Traces({ operation, selection }: { operation: Operation; selection: Selection }) {
  const shown = operation.eventIds.slice(-EVENTS_SHOWN)
  return (
    <section className="payload">
      <Header variant="h3">Told by</Header>
      <span className="panel-chain">
        Events{' '}
        {shown.map((event) => (
          <span key={event}>
            <button type="button" className="text-button figure" onClick={() => selection.select({ tab: 'events', event })}>
              {event}
            </button>{' '}
          </span>
        ))}
        · <button type="button" className="text-button" onClick={() => selection.select({ tab: 'logs' })}>its lines in the log</button>
      </span>
    </section>
  )
}

/** Input, result and error, as the events have them. */
function Data({ id, operation }: { id: string; operation: Operation }) {
  const { data, error, refetch } = useQuery(operationEventsQuery(id, operation.id, operation.eventIds.length))
  if (error !== null) return <ErrorBox title="The operation's data could not be read" error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Loading />
  const input = data.events.map(inputOf).find((it) => it !== null) ?? null
  const result = data.events.map(resultOf).findLast((it) => it !== null) ?? null
  const failure = operation.endedAt !== null && operation.status !== 'SUCCEEDED' ? data.events.map(errorOf).findLast((it) => it !== null) : null
  return (
    <>
      {failure && <ErrorView error={failure} />}
      {input !== null && <PayloadViewer title="Input" text={input} />}
      {result !== null && <PayloadViewer title="Result" text={result} />}
    </>
  )
}

const inputOf = (event: HistoryEvent): string | null => event.ChainedInvokeStartedDetails?.Input?.Payload ?? event.CallbackStartedDetails?.Input?.Payload ?? null

function resultOf(event: HistoryEvent): string | null {
  const details = event.StepSucceededDetails ?? event.ContextSucceededDetails ?? event.CallbackSucceededDetails ?? event.ChainedInvokeSucceededDetails
  return details?.Result?.Payload ?? null
}
