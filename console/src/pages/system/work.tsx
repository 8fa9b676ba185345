import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import Link from '@cloudscape-design/components/link'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import type { System } from '../../api/types'
import { formatNumber } from '../../time/format'
import { Facts } from './facts'

export function Work({ system: { queues, resident_executions: resident } }: { system: System }) {
  const { asynchronous, executions_due: due, dead_letters: dead } = queues
  return (
    <Container fitHeight header={<Header variant="h2">Work</Header>}>
      <SpaceBetween size="m">
        <div>
          {dead === 0 ? <StatusIndicator type="success">Nothing was given up</StatusIndicator> : <StatusIndicator type="warning">{dead === 1 ? '1 event was given up' : `${formatNumber(dead)} events were given up`}</StatusIndicator>}
          <div className="secondary">
            {dead === 0 ? (
              'Events that fail too often are kept as dead letters.'
            ) : (
              <Link href="/lambdura/v1/dead-letters" external externalIconAriaLabel="opens in a new tab" variant="primary">
                Dead letters
              </Link>
            )}
          </div>
        </div>
        <Facts
          facts={[
            { label: 'Executions due', value: formatNumber(due) },
            { label: 'Executions in memory', value: formatNumber(resident) },
            { label: 'Events queued', value: formatNumber(asynchronous) },
            { label: 'Dead letters', value: formatNumber(dead), isWarning: dead > 0 },
          ]}
        />
      </SpaceBetween>
    </Container>
  )
}
