import { useQuery, useQueryClient } from '@tanstack/react-query'
import { eventQuery, operationEventsQuery } from '../../../api/console'
import { ErrorBox } from '../../../components/error-box'
import { ErrorView } from '../../../components/error-view'
import { Loading } from '../../../components/loading'
import { PayloadViewer } from '../../../components/payload-viewer/payload-viewer'
import { errorOf, type Operation } from '../model/history'
import type { Execution } from '../model/use-execution'
import { passed, stateInput } from './state-input'

/** Whether an operation is a state: whatever else has a context is called by a type. */
export const isState = ({ detail }: Execution, { type, subType }: Operation): boolean => detail.is_state_machine && type === 'CONTEXT' && (subType === null || subType === 'RunInChildContext')

const pretty = (value: unknown): string => JSON.stringify(value, null, 2)

/** What came into a state, and what came out of it. */
export function StateData({ execution, operation }: { execution: Execution; operation: Operation }) {
  const { id, history } = execution
  const client = useQueryClient()
  const own = useQuery(operationEventsQuery(id, operation.id, operation.eventIds.length))
  // It is recorded by the first thing that a state does.
  const isEntered = operation.children.some((child) => history.operations.get(child)?.endedAt !== null)
  const read = async (of: Operation | null) => (await (of === null ? client.fetchQuery(eventQuery(id, 1)) : client.fetchQuery(operationEventsQuery(id, of.id, of.eventIds.length)))).events
  const given = useQuery({
    queryKey: ['state input', id, operation.id, isEntered],
    // A query has to come to something.
    queryFn: async () => (await stateInput(history, operation, read)) ?? null,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const failed = [own, given].find(({ error }) => error !== null)
  if (failed !== undefined) return <ErrorBox title="The state's data could not be read" error={failed.error} onRetry={() => void failed.refetch()} />
  if (own.data === undefined || given.data === undefined) return <Loading />
  const result = passed(own.data.events)
  const error = operation.endedAt !== null && operation.status !== 'SUCCEEDED' ? (own.data.events.map(errorOf).findLast((it) => it !== null) ?? null) : null
  return (
    <>
      {error !== null && <ErrorView error={error} />}
      <PayloadViewer title="Input" text={given.data === null ? null : pretty(given.data)} />
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
