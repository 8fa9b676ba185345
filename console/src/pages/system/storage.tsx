import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { System } from '../../api/types'
import { CopyText } from '../../components/copy-text'
import { formatBytes } from '../../time/format'

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
        <KeyValuePairs
          columns={2}
          minColumnWidth={110}
          items={[
            { label: 'Executions', value: <span className="figure">{formatBytes(store.bytes)}</span> },
            { label: 'Write-ahead log', value: <span className="figure">{formatBytes(store.wal_bytes)}</span> },
            { label: 'Logs', value: <span className="figure">{formatBytes(store.logs_bytes)}</span> },
            { label: 'Grows by', value: <span className="figure">{growth === null || growth === undefined ? 'Not known yet' : `${formatBytes(Math.max(0, Math.round(growth)))} an hour`}</span> },
          ]}
        />
      </SpaceBetween>
    </Container>
  )
}
