import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import type { System } from '../../api/types'
import { formatNumber } from '../../time/format'
import { durabilityLevel, formatMicros } from './durability'

export function Durability({ system: { durability, commits } }: { system: System }) {
  const { type, label, meaning } = durabilityLevel(durability)
  const perCommit = commits.transitions_per_commit
  return (
    <Container fitHeight header={<Header variant="h2">Durability</Header>}>
      <SpaceBetween size="m">
        <div>
          <StatusIndicator type={type}>{label}</StatusIndicator>
          <div className="secondary">{meaning}</div>
        </div>
        <KeyValuePairs
          columns={2}
          minColumnWidth={110}
          items={[
            { label: 'fsync p50', value: <span className="figure">{formatMicros(commits.fsync_p50_us)}</span> },
            { label: 'fsync p99', value: <span className="figure">{formatMicros(commits.fsync_p99_us)}</span> },
            { label: 'Commits', value: <span className="figure">{formatNumber(commits.count)}</span> },
            { label: 'Changes per commit', value: <span className="figure">{perCommit === null || perCommit === undefined ? '–' : perCommit.toFixed(1)}</span> },
          ]}
        />
      </SpaceBetween>
    </Container>
  )
}
