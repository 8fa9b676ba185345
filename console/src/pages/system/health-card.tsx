import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import type { System } from '../../api/types'
import { LongText } from '../../components/long-text'
import { formatNumber } from '../../time/format'
import { Facts } from './facts'
import { timerPulse } from './health'

/** Whether the server does its work: the store, the timers, recovery. */
export function Health({ system }: { system: System }) {
  const { problems, store, set_aside_executions: aside } = system
  const timers = timerPulse(system)
  const hasTrouble = store.trouble !== null && store.trouble !== undefined
  return (
    <Container header={<Header variant="h2">Health</Header>}>
      <div className="system-cards">
        <SpaceBetween size="xs">
          {problems.length === 0 ? <StatusIndicator type="success">Ready: requests are served as they should be</StatusIndicator> : problems.map((problem) => <Told key={problem} type="error" text={problem} />)}
          {store.warnings.map((warning) => (
            <Told key={warning} type="warning" text={warning} />
          ))}
        </SpaceBetween>
        <Facts
          facts={[
            { label: 'Store', value: hasTrouble ? 'In trouble' : 'Commits and answers', isWarning: hasTrouble },
            { label: 'Unreadable rows', value: formatNumber(store.unreadable_rows), isWarning: store.unreadable_rows > 0 },
            { label: 'Timers', value: timers.text, isWarning: timers.isWarning },
            { label: 'Executions set aside', value: formatNumber(aside), isWarning: aside > 0 },
          ]}
        />
      </div>
    </Container>
  )
}

function Told({ type, text }: { type: 'error' | 'warning'; text: string }) {
  return (
    <StatusIndicator type={type}>
      <LongText text={text} label="the problem" />
    </StatusIndicator>
  )
}
