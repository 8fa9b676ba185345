import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { durableExecutionQuery } from '../../../api/console'
import { ErrorBox } from '../../../components/error-box'
import { ErrorView } from '../../../components/error-view'
import { Loading } from '../../../components/loading'
import { PayloadViewer } from '../../../components/payload-viewer/payload-viewer'
import { formatBytes } from '../../../time/format'
import type { Selection } from '../model/selection'
import type { Execution } from '../model/use-execution'

/** Bytes above which payloads are read only when they are asked for. */
const LARGE = 256 * 1024

/** Input, and result or error, whole. */
export function DataTab({ execution: { detail } }: { execution: Execution; selection: Selection }) {
  const bytes = detail.input_bytes + (detail.result_bytes ?? 0)
  const [isAsked, ask] = useState(false)
  const isRead = isAsked || bytes <= LARGE
  const { data, error, refetch } = useQuery({ ...durableExecutionQuery(detail.arn, detail.ended_at ?? null), enabled: isRead })
  if (!isRead) return <Button onClick={() => ask(true)}>{`Read input and result (${formatBytes(bytes)})`}</Button>
  if (error !== null) return <ErrorBox title="Input and result could not be read" error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Loading />
  return (
    <SpaceBetween size="m">
      {data.Error !== undefined && (
        <Container>
          <ErrorView error={data.Error} />
        </Container>
      )}
      <Container>
        <PayloadViewer title="Input" text={data.InputPayload ?? null} variant="h2" />
      </Container>
      {data.Error === undefined && (
        <Container>
          {detail.ended_at === null || detail.ended_at === undefined ? <p className="secondary">There is no result yet.</p> : <PayloadViewer title="Result" text={data.Result ?? null} variant="h2" />}
        </Container>
      )}
    </SpaceBetween>
  )
}
