import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import type { System } from '../../api/types'
import { EmptyState } from '../../components/empty-state'
import { LongText } from '../../components/long-text'
import { Instant } from '../../time/instant'

/** What the server warned of, the newest first. */
export function Warnings({ system: { warnings } }: { system: System }) {
  return (
    <Container
      header={
        <Header variant="h2" counter={`(${warnings.length})`} description="The last hundred since the start">
          Warnings
        </Header>
      }
    >
      {warnings.length === 0 ? (
        <EmptyState title="No warnings">There are no warnings.</EmptyState>
      ) : (
        <ul className="warnings">
          {warnings
            .toSorted((a, b) => b.at - a.at)
            .map(({ at, level, target, message }, index) => (
              <li key={`${at} ${index}`}>
                <Instant at={at} />
                <StatusIndicator type={level.toUpperCase() === 'ERROR' ? 'error' : 'warning'}>{level.toUpperCase() === 'ERROR' ? 'Error' : 'Warning'}</StatusIndicator>
                <div>
                  <LongText text={message} label="the message" />
                  <div className="secondary wrap-anywhere">{target}</div>
                </div>
              </li>
            ))}
        </ul>
      )}
    </Container>
  )
}
