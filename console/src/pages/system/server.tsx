import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { System } from '../../api/types'
import { CopyText } from '../../components/copy-text'
import { Instant } from '../../time/instant'
import { Facts } from './facts'

const LIMITS: Record<string, string> = { aws: "AWS's quotas", unbounded: 'Unbounded' }

export function Server({ system }: { system: System }) {
  return (
    <Container fitHeight header={<Header variant="h2">Server</Header>}>
      <SpaceBetween size="m">
        <div>
          <CopyText text={system.endpoint} label="Copy the endpoint" />
          <div className="secondary">
            since <Instant at={system.started_at} />
          </div>
        </div>
        <Facts
          facts={[
            { label: 'Region', value: system.region },
            { label: 'Account', value: system.account_id },
            { label: 'Limits', value: LIMITS[system.limits] ?? system.limits },
            { label: 'Process', value: <CopyText text={String(system.pid)} label="Copy the process id" /> },
          ]}
        />
      </SpaceBetween>
    </Container>
  )
}
