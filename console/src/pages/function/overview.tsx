import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs, { type KeyValuePairsProps } from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { FunctionDetail } from '../../api/types'
import { Meter } from '../../components/charts/meter'
import { CopyText } from '../../components/copy-text'
import { formatNumber, formatSetting } from '../../time/format'
import { Instant } from '../../time/instant'
import { processesOf } from '../../util/function-status'
import { Environment } from './environment'
import { Versions } from './versions'

export function OverviewTab({ detail }: { detail: FunctionDetail }) {
  return (
    <SpaceBetween size="l">
      <Now detail={detail} />
      <Versions detail={detail} />
      <Configuration detail={detail} />
      <Environment detail={detail} />
    </SpaceBetween>
  )
}

function Now({ detail }: { detail: FunctionDetail }) {
  const { warm, busy, queued } = processesOf(detail)
  const { throttles } = detail.stats
  return (
    <Container header={<Header variant="h2">Now</Header>}>
      <KeyValuePairs
        columns={4}
        minColumnWidth={150}
        items={[
          { label: detail.reserved ? 'Concurrency (reserved)' : 'Concurrency', value: <Meter value={busy} max={detail.concurrency_limit} label="Concurrency" /> },
          { label: 'Warm processes', value: <Figure value={warm} note={warm === 0 ? 'the next one starts cold' : 'idle and ready'} /> },
          { label: 'Queued', value: <Figure value={queued} note="wait for their turn" isWarning={queued > 0} /> },
          { label: 'Throttled in the last hour', value: <Figure value={throttles} note={throttles === 0 ? 'none refused' : 'refused: the limit was reached'} isWarning={throttles > 0} /> },
        ]}
      />
    </Container>
  )
}

function Figure({ value, note, isWarning = false }: { value: number; note: string; isWarning?: boolean }) {
  return (
    <>
      <span className={`figure ${isWarning ? 'warn' : ''}`}>{formatNumber(value)}</span> <span className="secondary">{note}</span>
    </>
  )
}

function Configuration({ detail }: { detail: FunctionDetail }) {
  const { runtime, handler, memory_mb: memory, timeout_seconds: timeout, code_sha256: sha, last_modified_at: modifiedAt, layers } = detail
  const tags = Object.entries(detail.tags)
  const items: KeyValuePairsProps.Item[] = [
    { label: 'Runtime', value: runtime ?? 'Container image' },
    { label: 'Handler', value: <span className="wrap-anywhere">{handler ?? '–'}</span> },
    { label: 'Memory', value: `${formatNumber(memory)} MB` },
    { label: 'Timeout of one invocation', value: formatSetting(timeout) },
    ...durable(detail),
    { label: 'Last changed', value: <Instant at={modifiedAt} /> },
    ...(detail.state === null || detail.state === undefined ? [] : [{ label: 'State', value: detail.state }]),
    ...(detail.state_reason === null || detail.state_reason === undefined
      ? []
      : [{ label: 'Reason of the state', value: <span className="wrap-anywhere">{detail.state_reason}</span> }]),
    { label: 'Code (SHA-256)', value: sha === null || sha === undefined ? '–' : <CopyText text={sha} shown={`${sha.slice(0, 12)}…`} code label="Copy the SHA-256 of the code" /> },
    { label: 'ARN', value: <CopyText text={detail.arn} label="Copy the ARN" /> },
    { label: 'Layers', value: layers.length === 0 ? 'None' : layers.map((layer) => <div key={layer} className="wrap-anywhere">{layer}</div>) },
    {
      label: 'Tags',
      value:
        tags.length === 0 ? (
          'None'
        ) : (
          <span className="chips">
            {tags.map(([key, value]) => (
              <span key={key} className="alias wrap-anywhere">
                {key}: {value}
              </span>
            ))}
          </span>
        ),
    },
  ]
  return (
    <Container header={<Header variant="h2">Configuration</Header>}>
      <KeyValuePairs columns={4} minColumnWidth={180} items={items} />
    </Container>
  )
}

function durable({ is_durable: isDurable, execution_timeout_seconds: timeout, retention_days: days }: FunctionDetail): KeyValuePairsProps.Item[] {
  if (!isDurable) return []
  return [
    { label: 'Execution timeout', value: timeout === null || timeout === undefined ? '–' : formatSetting(timeout) },
    { label: 'Kept after the end', value: days === null || days === undefined ? '–' : days === 1 ? '1 day' : `${days} days` },
  ]
}
