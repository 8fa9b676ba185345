import '../../styles/timeline.css'
import Container from '@cloudscape-design/components/container'
import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Tabs from '@cloudscape-design/components/tabs'
import { useParams } from 'react-router'
import { ServerError } from '../../api/request'
import { EmptyState } from '../../components/empty-state'
import { ErrorBox } from '../../components/error-box'
import { LiveBadge } from '../../components/live-badge'
import { Loading } from '../../components/loading'
import { RouteLink } from '../../components/route-link'
import { useShortcuts } from '../../keyboard/shortcuts'
import { usePageTitle } from '../../layout/page-title'
import { EXECUTION_TABS, type ExecutionTab, paths } from '../../util/paths'
import { ExecutionActions } from './actions/execution-actions'
import { CostTab } from './cost/cost-tab'
import { GraphTab } from './graph/graph-tab'
import { ExecutionFacts } from './header'
import { type Selection, useSelection } from './model/selection'
import { type Execution, useExecution } from './model/use-execution'
import { OperationPanel } from './panel/operation-panel'
import { DataTab } from './tabs/data'
import { EventsTab } from './tabs/events'
import { LogsTab } from './tabs/logs'
import { OperationsTab } from './tabs/operations'
import { TraceTab } from './tabs/trace'
import { TimelineTab } from './timeline/timeline-tab'

const TAB_LABEL: Record<ExecutionTab, string> = {
  timeline: 'Timeline',
  graph: 'Graph',
  operations: 'Operations',
  events: 'Events',
  logs: 'Logs',
  trace: 'Trace',
  data: 'Input and result',
  cost: 'Cost',
}

/** One execution: what it did, what it is at, and what can be done about it. */
export function ExecutionPage() {
  const { id = '' } = useParams()
  const { execution, error, retry } = useExecution(id)
  const selection = useSelection()
  usePageTitle(execution?.detail.name ?? 'Execution')
  useShortcuts([
    { keys: '[', label: 'Tab to the left', run: () => step(execution, selection, -1) },
    { keys: ']', label: 'Tab to the right', run: () => step(execution, selection, 1) },
    { keys: 'x', label: 'Close the panel of the operation', run: () => selection.select({ operation: null }) },
  ])
  if (execution === null) {
    return (
      <ContentLayout {...(error === null ? {} : { header: <Header variant="h1">Execution</Header> })}>
        {error === null ? <Loading size="large" /> : error instanceof ServerError && error.status === 404 ? <Missing /> : <ErrorBox title="The execution could not be read" error={error} onRetry={retry} />}
      </ContentLayout>
    )
  }
  const selected = selection.operation === null ? undefined : execution.history.operations.get(selection.operation)
  return (
    <ContentLayout
      header={
        <Header variant="h1" info={<LiveBadge connection={execution.connection} />} actions={<ExecutionActions execution={execution} />}>
          <bdi className="wrap-anywhere">{execution.detail.name}</bdi>
        </Header>
      }
    >
      <SpaceBetween size="m">
        {execution.gone && (
          <EmptyState title="This execution was deleted">
            What was read stays here until you leave. <RouteLink href={paths.executions()}>To the executions</RouteLink>
          </EmptyState>
        )}
        <Container>
          <ExecutionFacts execution={execution} selection={selection} />
        </Container>
        <div className={`execution-body${selected === undefined ? '' : ' execution-body-split'}`}>
          <Tabs
            activeTabId={selection.tab}
            onChange={({ detail }) => selection.select({ tab: detail.activeTabId as ExecutionTab })}
            ariaLabel="Views of the execution"
            tabs={tabsOf(execution).map((tab) => ({ id: tab, label: TAB_LABEL[tab], href: paths.execution(execution.id, { tab, ...(selection.operation === null ? {} : { operation: selection.operation }) }), content: tab === selection.tab ? <TabContent tab={tab} execution={execution} selection={selection} /> : null }))}
          />
          {selected !== undefined && (
            <aside className="execution-panel" aria-label="Selected operation">
              <OperationPanel key={selected.id} execution={execution} operation={selected} selection={selection} />
            </aside>
          )}
        </div>
      </SpaceBetween>
    </ContentLayout>
  )
}

function Missing() {
  return (
    <EmptyState title="There is no such execution" command="lambdura ls">
      It may have been deleted, its retention may have passed, or the link belongs to another system. <RouteLink href={paths.executions()} variant="primary">See all executions</RouteLink>
    </EmptyState>
  )
}

function TabContent({ tab, execution, selection }: { tab: ExecutionTab; execution: Execution; selection: Selection }) {
  const props = { execution, selection }
  switch (tab) {
    case 'timeline':
      return <TimelineTab {...props} />
    case 'graph':
      return <GraphTab {...props} />
    case 'operations':
      return <OperationsTab {...props} />
    case 'events':
      return <EventsTab {...props} />
    case 'logs':
      return <LogsTab {...props} />
    case 'trace':
      return <TraceTab {...props} />
    case 'data':
      return <DataTab {...props} />
    case 'cost':
      return <CostTab {...props} />
  }
}

/** Only state machines are drawn. */
const tabsOf = (execution: Execution): readonly ExecutionTab[] => EXECUTION_TABS.filter((tab) => tab !== 'graph' || execution.detail.is_state_machine)

function step(execution: Execution | null, selection: Selection, by: 1 | -1): void {
  if (execution === null) return
  const tabs = tabsOf(execution)
  const index = tabs.indexOf(selection.tab) + by
  const next = tabs[(index + tabs.length) % tabs.length]
  if (next !== undefined) selection.select({ tab: next })
}
