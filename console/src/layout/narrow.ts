import { useSyncExternalStore } from 'react'

/** Below this width tables become cards. */
const narrow = window.matchMedia('(max-width: 687px)')

function subscribe(listener: () => void): () => void {
  narrow.addEventListener('change', listener)
  return () => narrow.removeEventListener('change', listener)
}

/** Whether the page is as narrow as a phone. */
export const useNarrow = (): boolean => useSyncExternalStore(subscribe, () => narrow.matches)
