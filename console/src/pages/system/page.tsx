import '../../styles/functions.css'
import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import { useQuery } from '@tanstack/react-query'
import { systemQuery } from '../../api/console'
import { ErrorBox } from '../../components/error-box'
import { Loading } from '../../components/loading'
import { usePageTitle } from '../../layout/page-title'
import { Elapsed } from '../../time/instant'
import { Durability } from './durability-card'
import { Health } from './health-card'
import { Apis, Processes } from './lists'
import { Probes, Telemetry } from './outside'
import { Server } from './server'
import { SetAside } from './set-aside'
import { Storage } from './storage'
import { Warnings } from './warnings'
import { Work } from './work'

/** The server itself: whether it is well, what it keeps, and where its figures are for machines. */
export function SystemPage() {
  usePageTitle('System')
  const { data: system, error, refetch } = useQuery(systemQuery())
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description={
            <span aria-live="polite">
              {error !== null ? (
                <StatusIndicator type="error">The server does not answer</StatusIndicator>
              ) : system === undefined ? (
                <StatusIndicator type="loading">Asking the server</StatusIndicator>
              ) : (
                <StatusIndicator type={system.problems.length === 0 ? 'success' : 'warning'}>
                  Version {system.version} is up
                  <span aria-hidden="true">
                    {' '}
                    for <Elapsed from={system.started_at} to={null} />
                  </span>
                  {system.problems.length > 0 && ', but not ready'}
                </StatusIndicator>
              )}
            </span>
          }
        >
          System
        </Header>
      }
    >
      <div className="system">
        <SpaceBetween size="l">
          {error !== null && <ErrorBox title={system === undefined ? 'The server could not be asked' : 'The figures below are old: the server does not answer'} error={error} onRetry={() => void refetch()} />}
          {system === undefined && error === null && <Loading size="large" />}
          {system !== undefined && (
            <SpaceBetween size="l">
              <div className="system-cards system-four">
                <Durability system={system} />
                <Storage system={system} />
                <Work system={system} />
                <Server system={system} />
              </div>
              <Health system={system} />
              <SetAside />
              <Warnings system={system} />
              <Processes system={system} />
              <Apis system={system} />
              <div className="system-cards">
                <Probes endpoint={system.endpoint} />
                <Telemetry system={system} />
              </div>
            </SpaceBetween>
          )}
        </SpaceBetween>
      </div>
    </ContentLayout>
  )
}
