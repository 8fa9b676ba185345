import { useCallback, useEffect, useState } from 'react'
import type { Application } from '../api/application'
import { type ApiError, ApiUnreachable } from '../api/client'
import { type News, watchApplication } from '../api/watch'

export interface Feed {
  /** The newest answer; kept while the API is away. */
  application: Application | null
  /** Why the newest answer is missing or old. */
  trouble: ApiError | null
  /** The API's message where it does not know the application. */
  unknown: string | null
}

const NOTHING_YET: Feed = { application: null, trouble: null, unknown: null }

/** Failed reads in a row before an answering API is called broken: one bad answer is often a restart. */
const PATIENCE = 2

/** Follows the application with this id live. The second value reads it at once. */
export function useApplication(id: string | null): [Feed, () => void] {
  const [state, setState] = useState<{ id: string | null; feed: Feed }>({ id: null, feed: NOTHING_YET })
  const [wake] = useState(() => new EventTarget())

  useEffect(() => {
    if (id === null) return
    const stop = new AbortController()
    const tell = (news: News) => setState((old) => ({ id, feed: next(old.id === id ? old.feed : NOTHING_YET, news) }))
    void watchApplication(id, wake, stop.signal, tell)
    return () => stop.abort()
  }, [id, wake])

  const refresh = useCallback(() => void wake.dispatchEvent(new Event('wake')), [wake])
  return [state.id === id ? state.feed : NOTHING_YET, refresh]
}

function next(feed: Feed, news: News): Feed {
  switch (news.kind) {
    case 'read':
      return { application: news.application, trouble: null, unknown: null }
    case 'unknown':
      return { application: null, trouble: null, unknown: news.message }
    case 'trouble': {
      const worthTelling = news.error instanceof ApiUnreachable || news.failures >= PATIENCE || feed.application === null
      return worthTelling ? { ...feed, trouble: news.error } : feed
    }
  }
}
