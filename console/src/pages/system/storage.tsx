import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { System } from '../../api/types'
import { CopyText } from '../../components/copy-text'
import { formatBytes } from '../../time/format'
import { Facts } from './facts'

const KINDS: Record<string, string> = { sqlite: 'SQLite', postgres: 'PostgreSQL', memory: 'In memory' }

export function Storage({ system: { store, data_dir: folder } }: { system: System }) {
  const growth = store.growth_bytes_per_hour
  return (
    <Container fitHeight header={<Header variant="h2">Storage</Header>}>
      <SpaceBetween size="m">
        <div>
          {KINDS[store.kind] ?? store.kind}
          <div className="secondary">
            <CopyText text={folder} label="Copy the path of the data folder" />
          </div>
        </div>
        <Facts
          facts={[
            { label: 'Executions', value: formatBytes(store.bytes) },
            { label: 'Write-ahead log', value: formatBytes(store.wal_bytes) },
            { label: 'Logs', value: formatBytes(store.logs_bytes) },
            { label: 'Grows by', value: growth === null || growth === undefined ? 'Not known yet' : `${formatBytes(Math.max(0, Math.round(growth)))}/h` },
          ]}
        />
      </SpaceBetween>
    </Container>
  )
}
