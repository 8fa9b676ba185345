/** The rows of the list: the newest live, older ones page by page. */

import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { countsQuery, type ExecutionFilter, executionsLivePath, PAGE_ROWS, readExecutions } from '../../api/console'
import { type Connection, useEventStream } from '../../api/live'
import { withQuery } from '../../api/request'
import type { ExecutionCounts, ExecutionSummary, LivePage } from '../../api/types'
import { writeFilter } from './filter'

export interface Executions {
  rows: ExecutionSummary[]
  counts: ExecutionCounts | undefined
  isLoading: boolean
  error: unknown
  retry: () => void
  /** None on older pages, which stand still. */
  connection: Connection | null
  /** Where older rows are. */
  nextCursor: string | null
  /** A search that goes on through older executions. */
  search: { goesOn: boolean; isStopped: boolean; backTo: number | null; stop: () => void; resume: () => void }
}

interface Newest {
  key: string
  byId: ReadonlyMap<string, ExecutionSummary>
  order: readonly string[]
  counts: ExecutionCounts
  nextCursor: string | null
  complete: boolean
  backTo: number | null
}

export function useExecutions(filter: ExecutionFilter, cursor: string | null): Executions {
  const key = writeFilter(filter).toString()
  const isLive = cursor === null
  const [newest, setNewest] = useState<Newest | null>(null)
  const connection = useEventStream(isLive ? key : null, () => withQuery(executionsLivePath, filter), {
    page: (data) => setNewest((old) => next(old, key, data as LivePage)),
  })
  const live = isLive && newest?.key === key ? newest : null
  // Until another filter's rows are there, those of the last one stay: an empty table between them would flash.
  const before = isLive && live === null && connection !== 'lost' ? newest : null
  // The place where the search went on first: a live page is read again and again, and would begin it anew each time.
  const [begun, begin] = useState<{ key: string; cursor: string } | null>(null)
  if (live !== null && !live.complete && live.nextCursor !== null && begun?.key !== key) begin({ key, cursor: live.nextCursor })

  const start = isLive ? (live !== null && begun?.key === key ? begun.cursor : null) : cursor
  const [stopped, stop] = useState<string | null>(null)
  const place = `${key} ${start ?? ''}`
  const isStopped = stopped === place
  const older = useInfiniteQuery({
    queryKey: ['older executions', key, start],
    queryFn: ({ pageParam, signal }) => readExecutions(filter, pageParam, signal),
    initialPageParam: start ?? '',
    enabled: start !== null && !isStopped,
    getNextPageParam: (last) => (last.complete ? null : (last.next_cursor ?? null)),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const olderPages = start === null ? [] : (older.data?.pages ?? [])
  const newestRows = live ?? before
  const rows = [...(newestRows?.order.flatMap((id) => newestRows.byId.get(id) ?? []) ?? []), ...olderPages.flatMap((page) => page.executions)]
  const lastPage = olderPages.at(-1)
  const isLastFull = lastPage?.complete === true
  const wantsMore = start !== null && !isStopped && older.hasNextPage && rows.length < PAGE_ROWS
  // Each answer asks for the next one, until the page is full, everything was looked at, or the reader stops it.
  if (wantsMore && !older.isFetching && older.error === null) queueMicrotask(() => void older.fetchNextPage())

  // A stream cannot say why it was refused: a plain read can.
  const isRefused = isLive && live === null && connection === 'lost'
  const refusal = useQuery({ queryKey: ['refused executions', key], queryFn: ({ signal }) => readExecutions(filter, undefined, signal), enabled: isRefused, retry: false })
  const counts = useQuery({ ...countsQuery(filter.function), enabled: !isLive })
  return {
    rows,
    counts: isLive ? newestRows?.counts : counts.data,
    isLoading: isLive ? live === null && connection !== 'lost' : older.isPending,
    error: older.error ?? (isRefused ? refusal.error : null),
    retry: () => void (isLive && older.error === null ? refusal.refetch() : older.refetch()),
    connection: isLive ? connection : null,
    nextCursor: lastPage?.next_cursor ?? (lastPage === undefined ? (live?.nextCursor ?? null) : null),
    search: {
      goesOn: wantsMore || (start !== null && older.isFetching && !isStopped && !isLastFull),
      isStopped,
      backTo: lastPage?.searched_back_to_at ?? live?.backTo ?? null,
      stop: () => stop(place),
      resume: () => stop(null),
    },
  }
}

function next(old: Newest | null, key: string, page: LivePage): Newest {
  const byId = new Map(old?.key === key ? old.byId : [])
  for (const row of page.executions) byId.set(row.execution_id, row)
  // A reading that its time cut short says nothing of those that started before the place where it ended.
  const limit = page.complete ? Number.NEGATIVE_INFINITY : (page.searched_back_to_at ?? Number.NEGATIVE_INFINITY)
  const read = new Set(page.order)
  const unread = [...(old?.key === key ? old.order : [])].filter((id) => !read.has(id) && (byId.get(id)?.started_at ?? Number.POSITIVE_INFINITY) < limit)
  const shown = new Set([...page.order, ...unread])
  for (const id of byId.keys()) if (!shown.has(id)) byId.delete(id)
  return {
    key,
    byId,
    order: [...shown],
    counts: page.counts,
    nextCursor: page.next_cursor ?? null,
    complete: page.complete,
    backTo: page.searched_back_to_at ?? null,
  }
}
