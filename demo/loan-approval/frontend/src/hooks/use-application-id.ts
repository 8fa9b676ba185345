import { useCallback, useSyncExternalStore } from 'react'

const PARAMETER = 'application'
const changes = new EventTarget()

function subscribe(onChange: () => void): () => void {
  window.addEventListener('popstate', onChange)
  changes.addEventListener('change', onChange)
  return () => {
    window.removeEventListener('popstate', onChange)
    changes.removeEventListener('change', onChange)
  }
}

function current(): string | null {
  return new URLSearchParams(window.location.search).get(PARAMETER) || null
}

/** The open application's id, kept in the address so that a reload or a shared link continues it. */
export function useApplicationId(): [string | null, (id: string | null) => void] {
  const id = useSyncExternalStore(subscribe, current)
  const open = useCallback((next: string | null) => {
    const url = new URL(window.location.href)
    if (next === null) url.searchParams.delete(PARAMETER)
    else url.searchParams.set(PARAMETER, next)
    window.history.pushState(null, '', url)
    changes.dispatchEvent(new Event('change'))
  }, [])
  return [id, open]
}
