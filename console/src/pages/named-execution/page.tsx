import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import { useQuery } from '@tanstack/react-query'
import { Navigate, useParams } from 'react-router'
import { readExecutions } from '../../api/console'
import { EmptyState } from '../../components/empty-state'
import { ErrorBox } from '../../components/error-box'
import { Loading } from '../../components/loading'
import { usePageTitle } from '../../layout/page-title'
import { paths } from '../../util/paths'

/** Goes to the execution of a function that has a name: what other programs link to, as they know no ids. */
export function NamedExecutionPage() {
  const { name: functionName = '', execution: name = '' } = useParams()
  usePageTitle(name)
  const found = useQuery({
    queryKey: ['named execution', functionName, name],
    queryFn: ({ signal }) => readExecutions({ function: functionName, name }, undefined, signal),
    // An execution may be linked to a moment before it has started.
    refetchInterval: (query) => (query.state.data?.executions.length === 0 ? 1_000 : false),
  })
  const id = found.data?.executions[0]?.execution_id
  if (id !== undefined) return <Navigate to={paths.execution(id)} replace />
  return (
    <ContentLayout header={<Header variant="h1">{name}</Header>}>
      {found.error !== null && <ErrorBox title="The execution could not be looked up" error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Loading />}
      {found.isSuccess && (
        <EmptyState title="There is no execution of this name" command={`lambdura ls --function ${functionName}`}>
          {functionName} has not started it yet, it was deleted, or its retention has passed. This page goes there as soon as there is one.
        </EmptyState>
      )}
    </ContentLayout>
  )
}
