import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import type { System } from '../../api/types'
import { formatNumber } from '../../time/format'
import { durabilityLevel, formatMicros } from './durability'
import { Facts } from './facts'

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
        <Facts
          facts={[
            { label: 'fsync p50', value: formatMicros(commits.fsync_p50_us) },
            { label: 'fsync p99', value: formatMicros(commits.fsync_p99_us) },
            { label: 'Commits', value: formatNumber(commits.count) },
            { label: 'Changes per commit', value: perCommit === null || perCommit === undefined ? '–' : perCommit.toFixed(1) },
          ]}
        />
      </SpaceBetween>
    </Container>
  )
}
