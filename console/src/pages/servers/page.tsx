import '../../styles/servers.css'
import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import { useQuery } from '@tanstack/react-query'
import { serversQuery } from '../../api/console'
import type { ServerList } from '../../api/types'
import { EmptyState } from '../../components/empty-state'
import { ErrorBox } from '../../components/error-box'
import { Loading } from '../../components/loading'
import { usePageTitle } from '../../layout/page-title'
import { formatNumber } from '../../time/format'
import { ShardMap } from './shard-map'
import { ServerTable } from './table'

/** The servers that share the store: which live, and what each drives. */
export function ServersPage() {
  usePageTitle('Servers')
  const { data: list, error, refetch } = useQuery(serversQuery())
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={<span aria-live="polite">{error !== null ? <StatusIndicator type="error">The server does not answer</StatusIndicator> : <Summary list={list} />}</span>}>
          Servers
        </Header>
      }
    >
      <SpaceBetween size="l">
        {error !== null && <ErrorBox title={list === undefined ? 'The server could not be asked' : 'The figures below are old: the server does not answer'} error={error} onRetry={() => void refetch()} />}
        {list === undefined && error === null && <Loading size="large" />}
        {list?.is_shared === false && (
          <EmptyState title="This server works alone" command="lambdura up --store postgres://lambdura@db.internal/lambdura">
            Servers that use the same PostgreSQL database share its executions, and are listed here.
          </EmptyState>
        )}
        {list?.is_shared === true && (
          <SpaceBetween size="l">
            <ServerTable list={list} />
            <ShardMap list={list} />
          </SpaceBetween>
        )}
      </SpaceBetween>
    </ContentLayout>
  )
}

function Summary({ list }: { list: ServerList | undefined }) {
  if (list === undefined) return <StatusIndicator type="loading">Asking the server</StatusIndicator>
  if (!list.is_shared) return null
  const live = list.servers.filter(({ state }) => state === 'live').length
  const free = list.shards.filter((owner) => owner === null).length
  if (free > 0) return <StatusIndicator type="warning">{formatNumber(free)} of 256 shards are driven by no server at this moment</StatusIndicator>
  return <StatusIndicator type="success">{live === 1 ? 'One server drives' : `${formatNumber(live)} servers drive`} all 256 shards</StatusIndicator>
}
