import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import Link from '@cloudscape-design/components/link'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import type { System } from '../../api/types'
import { formatNumber } from '../../time/format'
import { Facts } from './facts'

export function Work({ system: { queues, resident_executions: resident } }: { system: System }) {
  const { asynchronous, accepted } = queues
  const due = queues.executions_due ?? null
  const dead = queues.dead_letters ?? null
  return (
    <Container fitHeight header={<Header variant="h2">Work</Header>}>
      <SpaceBetween size="m">
        <div>
          {dead === null ? <StatusIndicator type="error">The store does not answer</StatusIndicator> : dead === 0 ? <StatusIndicator type="success">Nothing was given up</StatusIndicator> : <StatusIndicator type="warning">{dead === 1 ? '1 event was given up' : `${formatNumber(dead)} events failed for good`}</StatusIndicator>}
          <div className="secondary">
            {dead === null || dead === 0 ? (
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
            { label: 'Executions due', value: due === null ? '–' : formatNumber(due) },
            { label: 'Executions in memory', value: formatNumber(resident) },
            { label: 'Invocations queued', value: formatNumber(asynchronous) },
            { label: 'Events accepted', value: formatNumber(accepted) },
            { label: 'Dead letters', value: dead === null ? '–' : formatNumber(dead), isWarning: dead !== null && dead > 0 },
          ]}
        />
      </SpaceBetween>
    </Container>
  )
}
