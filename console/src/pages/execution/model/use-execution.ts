/** One execution, live. */

import { useQuery } from '@tanstack/react-query'
import { useState, useSyncExternalStore } from 'react'
import { executionLivePath, executionQuery } from '../../../api/console'
import type { HistoryEvent } from '../../../api/lambda'
import { type Connection, useEventStream } from '../../../api/live'
import { withQuery } from '../../../api/request'
import type { ExecutionDetail } from '../../../api/types'
import { append } from './fold'
import { emptyHistory, type History } from './history'
import { serverNow } from '../../../time/ahead'

export interface Execution {
  id: string
  detail: ExecutionDetail
  history: History
  connection: Connection
  gone: boolean
  /** Milliseconds by which the server's clock is ahead of ours. */
  clockAhead: number
}

interface Snapshot {
  history: History
  detail: ExecutionDetail | null
  gone: boolean
  clockAhead: number
}

/** What the stream has told so far. Outside of React, because events must be taken once and only once. */
class Told {
  #listeners = new Set<() => void>()
  #snapshot: Snapshot = { history: emptyHistory(), detail: null, gone: false, clockAhead: 0 }

  subscribe = (listener: () => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get = () => this.#snapshot

  take(events: readonly HistoryEvent[], detail: ExecutionDetail): void {
    this.#set({ ...this.#snapshot, history: append(this.#snapshot.history, events), detail, clockAhead: detail.server_now_at - serverNow() })
  }

  end(): void {
    this.#set({ ...this.#snapshot, gone: true })
  }

  #set(next: Snapshot): void {
    this.#snapshot = next
    for (const listener of this.#listeners) listener()
  }
}

/** The execution; null until it is read, an error when it cannot be. */
export function useExecution(id: string): { execution: Execution | null; error: unknown; retry: () => void } {
  const [told, setTold] = useState(() => ({ id, store: new Told() }))
  if (told.id !== id) setTold({ id, store: new Told() })
  const { store } = told
  // The stream cannot say why it does not open: the read does.
  const read = useQuery(executionQuery(id))
  const snapshot = useSyncExternalStore(store.subscribe, store.get)
  const connection = useEventStream(read.isSuccess ? id : null, () => withQuery(executionLivePath(id), { after: store.get().history.last }), {
    events: (data) => {
      const { events, execution } = data as { events: HistoryEvent[]; execution: ExecutionDetail }
      store.take(events, execution)
    },
    end: () => {},
    gone: () => store.end(),
  })
  // The record alone, without its history, would be shown as an execution that did nothing.
  const detail = snapshot.detail ?? (connection === 'lost' ? (read.data ?? null) : null)
  const execution = detail === null || detail.execution_id !== id ? null : { id, ...snapshot, detail, connection }
  return { execution, error: detail === null ? read.error : null, retry: () => void read.refetch() }
}
