import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { PAGE_ROWS, setAsideQuery, tryAgain } from '../../api/console'
import type { SetAsideExecution } from '../../api/types'
import { useMay } from '../../api/use-may'
import { EmptyState } from '../../components/empty-state'
import { ErrorBox } from '../../components/error-box'
import { LongText } from '../../components/long-text'
import { RouteLink } from '../../components/route-link'
import { notify } from '../../layout/notifications'
import { formatNumber } from '../../time/format'
import { Instant } from '../../time/instant'
import { paths } from '../../util/paths'

const called = ({ name, execution_id: id }: SetAsideExecution) => name ?? id

const COLUMNS: TableProps.ColumnDefinition<SetAsideExecution>[] = [
  {
    id: 'execution',
    header: 'Execution',
    isRowHeader: true,
    minWidth: 190,
    cell: (item) => (
      <>
        <RouteLink href={paths.execution(item.execution_id)}>
          <span className="wrap-anywhere">{called(item)}</span>
        </RouteLink>
        {item.function && <div className="secondary wrap-anywhere">{item.function}</div>}
      </>
    ),
  },
  { id: 'since', header: 'Since', minWidth: 130, cell: ({ set_aside_at: at }) => <Instant at={at} /> },
  { id: 'attempted', header: 'Attempted', minWidth: 130, cell: ({ attempted }) => <span className="wrap-anywhere">{attempted}</span> },
  { id: 'reason', header: 'Reason', minWidth: 240, cell: (item) => <LongText text={item.reason} label={`the reason of ${called(item)}`} /> },
  { id: 'actions', header: 'Actions', minWidth: 130, cell: (item) => <TryAgain execution={item} /> },
]

function TryAgain({ execution }: { execution: SetAsideExecution }) {
  const client = useQueryClient()
  const name = called(execution)
  const may = useMay()
  const { mutate, isPending } = useMutation({
    mutationFn: () => tryAgain(execution.execution_id),
    onSuccess: ({ outcome }) => (outcome === 'taken_back' ? notify('success', `${name} goes on.`) : notify('warning', `${name} failed again, and stays set aside.`)),
    onError: (error) => notify('warning', `${name} could not be tried again: ${error.message}`),
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ['set-aside'] }), client.invalidateQueries({ queryKey: ['system'] })]),
  })
  if (!may('lambdura:RetrySetAside')) return null
  return (
    <Button variant="inline-link" loading={isPending} loadingText="Trying" ariaLabel={`Try again: ${name}`} onClick={() => mutate()}>
      Try again
    </Button>
  )
}

/** Executions that cannot be worked on, and trying them again. */
export function SetAside() {
  const { data, error, refetch } = useQuery(setAsideQuery(PAGE_ROWS))
  const count = data?.count ?? 0
  const executions = data?.executions ?? []
  return (
    <Table
      variant="container"
      contentDensity="comfortable"
      wrapLines
      items={executions}
      trackBy="execution_id"
      columnDefinitions={COLUMNS}
      loading={data === undefined && error === null}
      loadingText="Asking the server"
      ariaLabels={{ tableLabel: 'Executions that are set aside' }}
      header={
        <Header
          variant="h2"
          counter={`(${formatNumber(count)})`}
          description={count === 0 ? undefined : 'They cannot be worked on and are left alone, so that the others can continue. In a terminal: lambdura quarantine.'}
        >
          Set aside
        </Header>
      }
      empty={
        error === null ? (
          <EmptyState title="Nothing is set aside">Executions that cannot be read or worked on are listed here, while the others continue.</EmptyState>
        ) : (
          <ErrorBox title="The executions that are set aside could not be read" error={error} onRetry={() => void refetch()} />
        )
      }
      footer={count > executions.length && executions.length > 0 ? <span className="secondary">{formatNumber(count - executions.length)} more: lambdura quarantine lists all.</span> : undefined}
    />
  )
}
