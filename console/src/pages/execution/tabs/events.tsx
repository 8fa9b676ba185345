import '../../../styles/events.css'
import Input from '@cloudscape-design/components/input'
import TextFilter from '@cloudscape-design/components/text-filter'
import { useQuery } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef } from 'react'
import { eventQuery } from '../../../api/console'
import type { HistoryEvent } from '../../../api/lambda'
import { EmptyState } from '../../../components/empty-state'
import { ErrorBox } from '../../../components/error-box'
import { PayloadViewer } from '../../../components/payload-viewer/payload-viewer'
import { useTimeMode } from '../../../preferences/time-mode'
import { formatClock, formatDuration, formatSetting } from '../../../time/format'
import { operationName } from '../../../util/activity'
import { useUrlText } from '../../../util/url-text'
import { atOf, errorOf } from '../model/history'
import type { Selection } from '../model/selection'
import type { Execution } from '../model/use-execution'

const ROW = 28

/** The event history: a line for each event, and all of the one that is chosen. */
export function EventsTab({ execution, selection }: { execution: Execution; selection: Selection }) {
  const { history, id } = execution
  const [mode] = useTimeMode()
  const [text, setText] = useUrlText('find')
  const scroller = useRef<HTMLDivElement>(null)
  const needle = text.toLowerCase()
  const found = needle === '' ? history.events : history.events.filter((event) => `${event.EventType} ${event.Name ?? ''} ${detailOf(event)}`.toLowerCase().includes(needle))
  const virtual = useVirtualizer({ count: found.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 20 })
  const start = history.startedAt ?? 0
  const jump = (value: string) => {
    const number = Number(value)
    if (!Number.isInteger(number) || number < 1 || number > history.last) return
    selection.select({ event: number })
    const index = found.findIndex(({ EventId }) => EventId === number)
    if (index >= 0) virtual.scrollToIndex(index, { align: 'center' })
  }
  return (
    <div className="events">
      <div className="log-filter">
        <TextFilter filteringText={text} filteringPlaceholder="Type, operation or error" filteringAriaLabel="Search the events" onChange={({ detail }) => setText(detail.filteringText)} />
        <Input type="number" inputMode="numeric" value={selection.event === null ? '' : String(selection.event)} placeholder="Go to event number" ariaLabel="Go to event number" onChange={({ detail }) => jump(detail.value)} />
      </div>
      <span className="secondary" role="status">{`${found.length.toLocaleString('en')} events`}</span>
      <div className={selection.event === null ? '' : 'events-split'}>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
        <div className="event-rows" ref={scroller} tabIndex={0} role="region" aria-label="Events">
          <div style={{ blockSize: virtual.getTotalSize(), position: 'relative' }} role="list">
            {virtual.getVirtualItems().map(({ index, start: top }) => {
              const event = found[index]
              if (event === undefined) return null
              const at = atOf(event)
              return (
                <div key={event.EventId} role="listitem" className="event-row" style={{ transform: `translateY(${top}px)` }}>
                  <button
                    type="button"
                    aria-pressed={event.EventId === selection.event}
                    onClick={() => selection.select({ event: event.EventId === selection.event ? null : event.EventId, ...(event.Id !== undefined && history.operations.has(event.Id) ? { operation: event.Id } : {}) })}
                  >
                    <span className="figure event-id">{event.EventId}</span>
                    <time className="figure secondary" title={`+${formatDuration(at - start)}`}>
                      {formatClock(at, mode)}
                    </time>
                    <span className={`event-type ${toneOf(event)}`}>{event.EventType}</span>
                    <bdi className="one-line">
                      {event.Name !== undefined && history.operations.has(event.Id ?? '') && <b>{operationName(event.Name, '')} </b>}
                      <span className="secondary">{detailOf(event)}</span>
                    </bdi>
                  </button>
                </div>
              )
            })}
          </div>
          {found.length === 0 && <EmptyState title="No event matches" />}
        </div>
        {selection.event !== null && <WholeEvent key={selection.event} executionId={id} number={selection.event} />}
      </div>
    </div>
  )
}

function WholeEvent({ executionId, number }: { executionId: string; number: number }) {
  const { data, error, refetch } = useQuery(eventQuery(executionId, number))
  if (error !== null) return <ErrorBox title="The event could not be read" error={error} onRetry={() => void refetch()} />
  const event = data?.events[0]
  return <PayloadViewer variant="h2" title={`Event ${number}`} text={event === undefined ? '' : JSON.stringify(event)} />
}

function toneOf(event: HistoryEvent): string {
  const type = event.EventType
  if (errorOf(event) !== null || /Failed|TimedOut|Stopped/.test(type)) return 'event-bad'
  if (/Succeeded|Completed/.test(type)) return 'event-good'
  return ''
}

/** What an event says beyond its type and name, on one line. */
function detailOf(event: HistoryEvent): string {
  const error = errorOf(event)
  if (error !== null) return `${error.ErrorType ?? ''}: ${error.ErrorMessage ?? ''}`.slice(0, 300)
  const { WaitStartedDetails: wait, InvocationCompletedDetails: invocation, CallbackStartedDetails: callback, ChainedInvokeStartedDetails: invoke } = event
  if (wait?.Duration !== undefined) return `for ${formatSetting(wait.Duration)}`
  if (invocation !== undefined) return `ran ${formatDuration((invocation.EndTimestamp - invocation.StartTimestamp) * 1_000)}, request ${invocation.RequestId}`
  if (callback?.Timeout !== undefined) return `times out after ${formatSetting(callback.Timeout)}`
  if (invoke?.FunctionName !== undefined) return invoke.FunctionName
  const attempt = event.StepSucceededDetails?.RetryDetails?.CurrentAttempt
  return attempt !== undefined && attempt > 1 ? `attempt ${attempt}` : (event.SubType ?? '')
}
