/** Server-sent events: a connection that comes back by itself, and says when it is away. */

import { useEffect, useEffectEvent, useState } from 'react'

export type Connection = 'connecting' | 'live' | 'lost' | 'ended'

export type Listeners = Record<string, (data: unknown) => void>

/**
 * Milliseconds after which a page that nobody looks at lets its stream go. A browser has six connections to a server,
 * for all tabs together: a dozen tabs in the background must not keep the one in front from reading.
 */
const HIDDEN_FOR = 5_000

/** Milliseconds before the first try to reconnect, doubled up to the second figure. */
const RETRY_FIRST = 500
const RETRY_MAX = 5_000

/**
 * Listens to the stream at `url()`, asked for again at each connection; none while `url` is null.
 * A listener named `end` or `gone` closes the stream for good.
 * `key` names the stream: another key is another stream.
 */
export function useEventStream(key: string | null, url: () => string, listeners: Listeners): Connection {
  const [connection, setConnection] = useState<{ key: string | null; state: Connection }>({ key, state: 'connecting' })
  const currentUrl = useEffectEvent(url)
  const tell = useEffectEvent((name: string, data: unknown) => listeners[name]?.(data))
  const names = Object.keys(listeners).join(' ')

  useEffect(() => {
    if (key === null) return
    let source: EventSource | null = null
    let timer: ReturnType<typeof setTimeout> | undefined
    let delay = RETRY_FIRST
    let isOver = false
    const say = (state: Connection) => setConnection((old) => (old.key === key && old.state === state ? old : { key, state }))
    const connect = () => {
      source = new EventSource(currentUrl())
      const opened = source
      opened.addEventListener('open', () => {
        delay = RETRY_FIRST
        say('live')
      })
      opened.addEventListener('error', () => {
        opened.close()
        say('lost')
        timer = setTimeout(connect, delay)
        delay = Math.min(delay * 2, RETRY_MAX)
      })
      for (const name of names.split(' ')) {
        opened.addEventListener(name, (event) => {
          tell(name, JSON.parse((event as MessageEvent<string>).data))
          if (name === 'end' || name === 'gone') {
            isOver = true
            opened.close()
            say('ended')
          }
        })
      }
    }
    const letGo = () => {
      source?.close()
      source = null
    }
    const onVisibility = () => {
      if (isOver) return
      clearTimeout(timer)
      if (document.hidden) timer = setTimeout(letGo, HIDDEN_FOR)
      else if (source === null || source.readyState === EventSource.CLOSED) connect()
    }
    connect()
    document.addEventListener('visibilitychange', onVisibility)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisibility)
      source?.close()
    }
  }, [key, names])

  return connection.key === key ? connection.state : 'connecting'
}
