import { useQuery } from '@tanstack/react-query'
import { eventQuery, operationEventsQuery } from '../../../api/console'
import type { HistoryEvent } from '../../../api/lambda'
import { ErrorBox } from '../../../components/error-box'
import { ErrorView } from '../../../components/error-view'
import { Loading } from '../../../components/loading'
import { PayloadViewer } from '../../../components/payload-viewer/payload-viewer'
import { errorOf, type Operation } from '../model/history'
import type { Execution } from '../model/use-execution'
import { stateBefore } from './runs'

/** What is recorded of a state that went well. Has to be as `Passed` in `crates/state-machine/src/walk.rs`. */
interface Passed {
  next?: string
  output?: unknown
  assigned?: Record<string, unknown>
}

/** Whether an operation is a state: whatever else has a context is called by a type. */
export const isState = ({ detail }: Execution, { type, subType }: Operation): boolean => detail.is_state_machine && type === 'CONTEXT' && (subType === null || subType === 'RunInChildContext')

const pretty = (value: unknown): string => JSON.stringify(value, null, 2)

function passed(events: readonly HistoryEvent[] | undefined): Passed | null {
  const text = events?.findLast(({ ContextSucceededDetails }) => ContextSucceededDetails !== undefined)?.ContextSucceededDetails?.Result?.Payload
  if (text === undefined) return null
  try {
    return JSON.parse(text) as Passed
  } catch {
    return null
  }
}

/** What came into a state, and what came out of it. */
export function StateData({ execution, operation }: { execution: Execution; operation: Operation }) {
  const { id, history } = execution
  const before = stateBefore(history, operation)
  const isFirst = before === null && operation.parentId === null
  const own = useQuery(operationEventsQuery(id, operation.id, operation.eventIds.length))
  const earlier = useQuery({ ...operationEventsQuery(id, before?.id ?? '', before?.eventIds.length ?? 0), enabled: before !== null })
  const start = useQuery({ ...eventQuery(id, 1), enabled: isFirst })
  const failed = [own, earlier, start].find(({ error }) => error !== null)
  if (failed !== undefined) return <ErrorBox title="The state's data could not be read" error={failed.error} onRetry={() => void failed.refetch()} />
  if (own.data === undefined || (before !== null && earlier.data === undefined) || (isFirst && start.data === undefined)) return <Loading />
  const input = before === null ? (start.data?.events[0]?.ExecutionStartedDetails?.Input?.Payload ?? null) : pretty(passed(earlier.data?.events)?.output)
  const result = passed(own.data.events)
  const error = operation.endedAt !== null && operation.status !== 'SUCCEEDED' ? (own.data.events.map(errorOf).findLast((it) => it !== null) ?? null) : null
  return (
    <>
      {error !== null && <ErrorView error={error} />}
      {before === null && !isFirst ? <p className="secondary">The input of the first state of a branch or an item is not recorded separately: it is computed from the input of the state around it.</p> : <PayloadViewer title="Input" text={input} />}
      {result !== null && <PayloadViewer title="Output" text={pretty(result.output)} />}
      {result?.assigned !== undefined && <PayloadViewer title="Variables that it set" text={pretty(result.assigned)} />}
      {result?.next !== undefined && (
        <p className="secondary">
          Next: <bdi>{result.next}</bdi>
        </p>
      )}
    </>
  )
}
