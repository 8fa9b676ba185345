import { useCallback, useMemo, useSyncExternalStore } from 'react'
import type { Pair } from '../api/application'

const APPLICATION = 'application'
const COMPARED = 'compare'
const changes = new EventTarget()

function subscribe(onChange: () => void): () => void {
  window.addEventListener('popstate', onChange)
  changes.addEventListener('change', onChange)
  return () => {
    window.removeEventListener('popstate', onChange)
    changes.removeEventListener('change', onChange)
  }
}

const read = (parameter: string) => new URLSearchParams(window.location.search).get(parameter) || null
const currentApplication = () => read(APPLICATION)
const currentCompared = () => read(COMPARED)

/** What is open: nothing, one application, or one for each engine. */
export type Open = { kind: 'nothing' } | { kind: 'application'; id: string } | { kind: 'compared'; pair: Pair }

/** What is open is kept in the address, so that a reload or a shared link continues it. */
export function useOpen(): [Open, (open: Open) => void] {
  const id = useSyncExternalStore(subscribe, currentApplication)
  const compared = useSyncExternalStore(subscribe, currentCompared)
  const open = useMemo((): Open => {
    const [durable, machine] = compared?.split(',') ?? []
    if (durable && machine) return { kind: 'compared', pair: { durable, 'state-machine': machine } }
    return id === null ? { kind: 'nothing' } : { kind: 'application', id }
  }, [id, compared])
  const change = useCallback((next: Open) => {
    const url = new URL(window.location.href)
    url.searchParams.delete(APPLICATION)
    url.searchParams.delete(COMPARED)
    if (next.kind === 'application') url.searchParams.set(APPLICATION, next.id)
    if (next.kind === 'compared') url.searchParams.set(COMPARED, `${next.pair.durable},${next.pair['state-machine']}`)
    window.history.pushState(null, '', url)
    changes.dispatchEvent(new Event('change'))
  }, [])
  return [open, change]
}
