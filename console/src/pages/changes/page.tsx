import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import SegmentedControl from '@cloudscape-design/components/segmented-control'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table from '@cloudscape-design/components/table'
import TextFilter from '@cloudscape-design/components/text-filter'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { auditQuery, PAGE_ROWS } from '../../api/console'
import { EmptyState } from '../../components/empty-state'
import { ErrorBox } from '../../components/error-box'
import { useLate } from '../../components/loading'
import { ShowMore } from '../../components/show-more'
import { usePageTitle } from '../../layout/page-title'
import { useUrlText } from '../../util/url-text'
import { columnsOf } from './columns'

const KINDS = [
  { id: 'management', text: 'Changes' },
  { id: 'data', text: 'Uses and refusals' },
  { id: 'all', text: 'Everything' },
]

/** The record of changes: who did what, when, from where, at all servers. */
export function ChangesPage() {
  usePageTitle('Changes')
  const [text, setText] = useUrlText('text')
  const [chosen, choose] = useUrlText('kind')
  const kind = KINDS.some(({ id }) => id === chosen) ? chosen : 'management'
  const [limit, setLimit] = useState(PAGE_ROWS)
  const { data, error, isPending, refetch } = useQuery(auditQuery({ kind: kind === 'all' ? undefined : kind, containing: text === '' ? undefined : text, limit }))
  const isLate = useLate(isPending)
  const lines = (data?.lines ?? []).toReversed()
  const empty = text === '' ? 'Nothing is recorded' : 'Nothing that is recorded contains this text'
  return (
    <ContentLayout header={<Header variant="h1" description="Who did what, when, from where: at this server and those that share its store.">Changes</Header>}>
      <SpaceBetween size="l">
        {error !== null && <ErrorBox title="The record of changes could not be read" error={error} onRetry={() => void refetch()} />}
        <Table
          variant="container"
          contentDensity="comfortable"
          wrapLines
          items={lines}
          trackBy="id"
          columnDefinitions={columnsOf(lines)}
          loading={isLate}
          loadingText="Reading the record"
          ariaLabels={{ tableLabel: 'Record of changes' }}
          filter={
            <SpaceBetween size="s">
              <SegmentedControl selectedId={kind} label="What is listed" options={KINDS} onChange={({ detail }) => choose(detail.selectedId)} />
              <TextFilter
                filteringText={text}
                filteringPlaceholder="Who, action, resource, address or error"
                filteringAriaLabel="Search the record"
                onChange={({ detail }) => setText(detail.filteringText)}
              />
            </SpaceBetween>
          }
          empty={
            isPending || error !== null ? (
              <EmptyState title=" " />
            ) : (
              <EmptyState title={empty}>A server that requires signed requests records what they change. On loopback, changes of keys and stacks are recorded.</EmptyState>
            )
          }
          footer={<ShowMore hasMore={lines.length >= limit} limit={limit} onLimit={setLimit} />}
        />
      </SpaceBetween>
    </ContentLayout>
  )
}
