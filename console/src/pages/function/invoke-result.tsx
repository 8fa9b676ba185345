import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import { useNavigate } from 'react-router'
import type { InvokeAnswer, InvokeRequest } from '../../api/lambda'
import { ErrorBox } from '../../components/error-box'
import { LongText } from '../../components/long-text'
import { follow } from '../../layout/shell'
import { formatBytes, formatDuration } from '../../time/format'
import { Elapsed } from '../../time/instant'
import { paths } from '../../util/paths'
import { executionIdOf, pretty } from './invoke-rules'

interface Result {
  answer: InvokeAnswer
  asked: InvokeRequest
  millis: number
}

interface Props {
  isPending: boolean
  startedAt: number
  error: Error | null
  result: Result | undefined
  onCancel: () => void
}

/** What came of the last call. */
export function InvokeResult({ isPending, startedAt, error, result, onCancel }: Props) {
  return (
    <Container header={<Header variant="h2">Result</Header>}>
      <div aria-live="polite" className="invoke-result">
        {isPending ? (
          <SpaceBetween size="s">
            <StatusIndicator type="in-progress">
              Waiting{' '}
              {/* Seconds are not read out one by one. */}
              <span aria-hidden="true">
                for <Elapsed from={startedAt} to={null} />
              </span>
            </StatusIndicator>
            <Button formAction="none" onClick={onCancel}>
              Stop waiting
            </Button>
            <Box color="text-body-secondary">The function keeps running.</Box>
          </SpaceBetween>
        ) : error !== null ? (
          error.name === 'AbortError' ? (
            <StatusIndicator type="stopped">No longer waiting; the function keeps running</StatusIndicator>
          ) : (
            <ErrorBox title="It was not invoked" error={error} />
          )
        ) : result === undefined ? (
          <Box color="text-body-secondary">The function's result is shown here.</Box>
        ) : (
          <Answered {...result} />
        )}
      </div>
    </Container>
  )
}

function Answered({ answer, asked, millis }: Result) {
  const navigate = useNavigate()
  const { durableExecutionArn: arn, payload } = answer
  const id = arn === null ? null : executionIdOf(arn)
  const text = pretty(payload)
  return (
    <SpaceBetween size="m">
      <Outcome answer={answer} asked={asked} />
      <KeyValuePairs
        columns={4}
        minColumnWidth={90}
        items={[
          { label: 'Status', value: <span className="figure">{answer.statusCode}</span> },
          { label: 'Took', value: <span className="figure">{formatDuration(millis)}</span> },
          { label: 'Version', value: answer.executedVersion ?? '–' },
          ...(payload === '' ? [] : [{ label: 'Size', value: formatBytes(new Blob([payload]).size) }]),
        ]}
      />
      {id !== null && (
        <div className="chips">
          <Button formAction="none" iconName="arrow-right" iconAlign="right" href={paths.execution(id)} onFollow={(event) => follow(event, navigate)}>
            Watch the execution
          </Button>
          <span className="secondary wrap-anywhere">{id}</span>
        </div>
      )}
      {text !== '' && (
        <div className="answer">
          <pre>
            <LongText text={text} shown={10_000} label="the answer" />
          </pre>
          <CopyToClipboard variant="icon" textToCopy={payload} copyButtonAriaLabel="Copy the answer" copySuccessText="Copied" copyErrorText="Could not copy" />
        </div>
      )}
    </SpaceBetween>
  )
}

function Outcome({ answer: { functionError, durableExecutionArn: arn }, asked: { type } }: Omit<Result, 'millis'>) {
  if (functionError !== null) return <StatusIndicator type="error">The function failed: {functionError}</StatusIndicator>
  switch (type) {
    case 'RequestResponse':
      return <StatusIndicator type="success">The function answered</StatusIndicator>
    case 'Event':
      return <StatusIndicator type="success">{arn === null ? 'Queued: the log shows when it runs' : 'The execution is started'}</StatusIndicator>
    case 'DryRun':
      return <StatusIndicator type="success">It could be invoked: the name, version and parameters are right</StatusIndicator>
  }
}
