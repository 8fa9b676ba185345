import Cards from '@cloudscape-design/components/cards'
import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import Table from '@cloudscape-design/components/table'
import TextFilter from '@cloudscape-design/components/text-filter'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import { functionsQuery } from '../../api/console'
import { EmptyState } from '../../components/empty-state'
import { ErrorBox } from '../../components/error-box'
import { useLate } from '../../components/loading'
import { useRowKeys } from '../../keyboard/row-focus'
import { useNarrow } from '../../layout/narrow'
import { usePageTitle } from '../../layout/page-title'
import { formatNumber } from '../../time/format'
import { searchFunctions } from '../../util/function-status'
import { useUrlText } from '../../util/url-text'
import { FUNCTION_CARD, FUNCTION_COLUMNS, sortFunctions } from './columns'

/** Every function, how busy it is, and how it went in the last hour. */
export function FunctionsPage() {
  usePageTitle('Functions')
  useRowKeys('#functions', 'function')
  const isNarrow = useNarrow()
  const [text, setText] = useUrlText('text')
  const [parameters, setParameters] = useSearchParams()
  const order = parameters.get('sort') ?? 'name'
  const { data, error, isPending, refetch } = useQuery(functionsQuery())
  const isLate = useLate(isPending)

  const functions = data?.functions ?? []
  const found = sortFunctions(searchFunctions(functions, text), order)
  const shared = {
    items: found,
    trackBy: 'function' as const,
    loading: isLate,
    loadingText: 'Reading the functions',
    filter: (
      <TextFilter
        filteringText={text}
        filteringPlaceholder="Name, runtime, version or alias"
        filteringAriaLabel="Search the functions"
        countText={text === '' ? '' : `${found.length} of ${functions.length}`}
        onChange={({ detail }) => setText(detail.filteringText)}
      />
    ),
    empty: isPending ? (
      <EmptyState title=" " />
    ) :
      text === '' ? (
        <EmptyState title="No functions" command="lambdura up">
          Start a template, and its functions appear here. Or create a function with the AWS CLI.
        </EmptyState>
      ) : (
        <EmptyState title="No function contains all of these words">The search covers names, descriptions, runtimes, versions and aliases.</EmptyState>
      ),
  }

  return (
    <ContentLayout
      header={
        <Header variant="h1" counter={data === undefined ? '' : `(${formatNumber(functions.length)})`} description="Invocations, errors and durations are those of the last hour, since the server's start.">
          Functions
        </Header>
      }
    >
      <div id="functions">
        {error !== null && <ErrorBox title="The functions could not be read" error={error} onRetry={() => void refetch()} />}
        {(error === null || data !== undefined) &&
          (isNarrow ? (
            <Cards
              {...shared}
              cardsPerRow={[{ cards: 1 }]}
              ariaLabels={{ itemSelectionLabel: () => '', selectionGroupLabel: '' }}
              cardDefinition={FUNCTION_CARD}
            />
          ) : (
            <Table
              {...shared}
              variant="container"
              contentDensity="comfortable"
              wrapLines
              columnDefinitions={FUNCTION_COLUMNS}
              sortingColumn={FUNCTION_COLUMNS.find(({ id }) => id === order.replace(/^-/, '')) ?? {}}
              sortingDescending={order.startsWith('-')}
              onSortingChange={({ detail }) => {
                const id = FUNCTION_COLUMNS.find(({ sortingComparator }) => sortingComparator === detail.sortingColumn.sortingComparator)?.id ?? 'name'
                // Of figures the largest are looked for, so they come first.
                const isNew = id !== order.replace(/^-/, '')
                setParameters(sorted(id, isNew ? id !== 'name' : detail.isDescending === true), { replace: true })
              }}
              ariaLabels={{ tableLabel: 'Functions' }}
            />
          ))}
      </div>
    </ContentLayout>
  )
}

const sorted = (column: string, isDescending: boolean) => (old: URLSearchParams) => {
  old.set('sort', `${isDescending ? '-' : ''}${column}`)
  return old
}
