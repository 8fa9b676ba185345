import '../../styles/functions.css'
import Badge from '@cloudscape-design/components/badge'
import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group'
import Button from '@cloudscape-design/components/button'
import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Tabs from '@cloudscape-design/components/tabs'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearchParams } from 'react-router'
import { functionQuery } from '../../api/console'
import { ServerError } from '../../api/request'
import type { FunctionDetail } from '../../api/types'
import { useMay } from '../../api/use-may'
import { EmptyState } from '../../components/empty-state'
import { ErrorBox } from '../../components/error-box'
import { Loading } from '../../components/loading'
import { RouteLink } from '../../components/route-link'
import { useShortcuts } from '../../keyboard/shortcuts'
import { usePageTitle } from '../../layout/page-title'
import { follow } from '../../layout/shell'
import { FUNCTION_TABS, type FunctionTab, paths } from '../../util/paths'
import { InvokeTab } from './invoke'
import { LogsTab } from './logs'
import { MonitoringTab } from './monitoring'
import { OverviewTab } from './overview'

const TAB_LABEL: Record<FunctionTab, string> = { overview: 'Overview', monitoring: 'Monitoring', logs: 'Logs', invoke: 'Invoke' }

/** One function: how it is set up, how it goes, what it writes, and a way to call it. */
export function FunctionPage() {
  const { name = '' } = useParams()
  usePageTitle(name)
  const { data, error, refetch } = useQuery(functionQuery(name))
  if (data === undefined) {
    return (
      <ContentLayout breadcrumbs={<Breadcrumbs name={name} />} header={<Header variant="h1">{name}</Header>}>
        {error === null ? <Loading size="large" /> : error instanceof ServerError && error.status === 404 ? <Missing /> : <ErrorBox title={`${name} could not be read`} error={error} onRetry={() => void refetch()} />}
      </ContentLayout>
    )
  }
  return (
    <>
      {error !== null && <ErrorBox title="The data below is old: the server does not answer" error={error} onRetry={() => void refetch()} />}
      <Known key={name} detail={data} />
    </>
  )
}

function Breadcrumbs({ name }: { name: string }) {
  const navigate = useNavigate()
  return (
    <BreadcrumbGroup
      ariaLabel="Where this page is"
      items={[
        { text: 'Functions', href: paths.functions() },
        { text: name, href: paths.function(name) },
      ]}
      onFollow={(event) => follow(event, navigate)}
    />
  )
}

function Missing() {
  return (
    <EmptyState title="There is no such function" command="lambdura up">
      It may have been deleted, or its template is not running. <RouteLink href={paths.functions()} variant="primary">See all functions</RouteLink>
    </EmptyState>
  )
}

function Known({ detail }: { detail: FunctionDetail }) {
  const { function: name, is_durable: isDurable, runtime, description } = detail
  const navigate = useNavigate()
  const [parameters, setParameters] = useSearchParams()
  const mayInvoke = useMay()('lambda:InvokeFunction')
  const offered = FUNCTION_TABS.filter((it) => it !== 'invoke' || mayInvoke)
  const tab = offered.find((it) => it === parameters.get('tab')) ?? 'overview'
  const show = (next: FunctionTab) => setParameters({ tab: next })
  useShortcuts(offered.map((it, index) => ({ keys: String(index + 1), label: `Show ${TAB_LABEL[it].toLowerCase()}`, run: () => show(it) })))

  return (
    <ContentLayout
      breadcrumbs={<Breadcrumbs name={name} />}
      header={
        <Header
          variant="h1"
          description={description ?? undefined}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              {isDurable && (
                <Button href={paths.executions({ function: name })} onFollow={(event) => follow(event, navigate)}>
                  Executions
                </Button>
              )}
              {tab !== 'invoke' && mayInvoke && (
                <Button variant="primary" onClick={() => show('invoke')}>
                  Invoke
                </Button>
              )}
            </SpaceBetween>
          }
        >
          <span className="wrap-anywhere">{name}</span>{' '}
          <span className="title-badges">
            {isDurable ? <Badge color="blue">Durable</Badge> : <Badge>Plain</Badge>}
            <Badge>{runtime ?? 'container image'}</Badge>
          </span>
        </Header>
      }
    >
      <Tabs
        activeTabId={tab}
        onChange={({ detail: { activeTabId } }) => show(activeTabId as FunctionTab)}
        ariaLabel={`About ${name}`}
        tabs={[
          { id: 'overview', label: TAB_LABEL.overview, href: paths.function(name, 'overview'), content: <OverviewTab detail={detail} /> },
          { id: 'monitoring', label: TAB_LABEL.monitoring, href: paths.function(name, 'monitoring'), content: <MonitoringTab detail={detail} /> },
          { id: 'logs', label: TAB_LABEL.logs, href: paths.function(name, 'logs'), content: <LogsTab name={name} /> },
          ...(mayInvoke ? [{ id: 'invoke', label: TAB_LABEL.invoke, href: paths.function(name, 'invoke'), content: <InvokeTab detail={detail} /> }] : []),
        ]}
      />
    </ContentLayout>
  )
}
