import '../../../styles/trace.css'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { segmentsQuery } from '../../../api/console'
import { CopyText } from '../../../components/copy-text'
import { EmptyState } from '../../../components/empty-state'
import { ErrorBox } from '../../../components/error-box'
import { Loading } from '../../../components/loading'
import { PayloadViewer } from '../../../components/payload-viewer/payload-viewer'
import { formatDuration } from '../../../time/format'
import type { Selection } from '../model/selection'
import { spans } from '../model/trace'
import type { Execution } from '../model/use-execution'

/** The trace that the execution belongs to, across functions. */
export function TraceTab({ execution: { detail } }: { execution: Execution; selection: Selection }) {
  const traceId = detail.trace_id ?? ''
  const { data, error, isPending, refetch } = useQuery({ ...segmentsQuery(traceId), enabled: traceId !== '', refetchInterval: detail.ended_at ? false : 2_000 })
  const [chosen, choose] = useState<string | null>(null)
  if (traceId === '') return <EmptyState title="This execution has no trace" />
  if (error !== null) return <ErrorBox title="The trace could not be read" error={error} onRetry={() => void refetch()} />
  if (isPending) return <Loading />
  const found = spans(data.segments, detail.server_now_at)
  if (found.length === 0) {
    return (
      <EmptyState title="No segments were sent">
        A function sends them when it has an X-Ray tracer and <code>Tracing: Active</code> in the template. A replay would send them again, so durable functions usually leave tracing to the functions they call.
      </EmptyState>
    )
  }
  const start = Math.min(...found.map(({ from }) => from))
  const length = Math.max(...found.map(({ to }) => to)) - start || 1
  const span = found.find(({ id }) => id === chosen)
  return (
    <div className="events">
      <CopyText text={traceId} code label="Copy the trace id" />
      <ol className="trace" aria-label="Trace">
        {found.map(({ id, name, depth, from, to, isOpen, trouble }, index) => (
          <li key={`${id}${index}`}>
            <button type="button" aria-pressed={id === chosen} onClick={() => choose(id === chosen ? null : id)}>
              <bdi className="one-line" style={{ paddingInlineStart: depth * 14 }}>
                {trouble !== null && <span className="error-line">{trouble} </span>}
                {name}
              </bdi>
              <span className="trace-bar" aria-hidden="true">
                <span className={trouble === null ? '' : 'trace-trouble'} style={{ insetInlineStart: `${((from - start) / length) * 100}%`, inlineSize: `${Math.max(((to - from) / length) * 100, 0.3)}%` }} />
              </span>
              <span className="figure secondary">{isOpen ? 'open' : formatDuration(to - from)}</span>
            </button>
          </li>
        ))}
      </ol>
      {span !== undefined && <PayloadViewer key={span.id} title={span.name} text={JSON.stringify(span.document)} />}
    </div>
  )
}
