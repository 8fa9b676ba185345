import { applyMode, Mode } from '@cloudscape-design/global-styles'
import { useEffect, useSyncExternalStore } from 'react'
import { readStored, useStoredChoice } from '../util/stored'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const KEY = 'lambdura.theme'

const dark = window.matchMedia('(prefers-color-scheme: dark)')

function subscribe(listener: () => void): () => void {
  dark.addEventListener('change', listener)
  return () => dark.removeEventListener('change', listener)
}

function show(isDark: boolean): void {
  applyMode(isDark ? Mode.Dark : Mode.Light)
  document.documentElement.style.colorScheme = isDark ? 'dark' : 'light'
}

/** Before anything is drawn: a page must not flash in the other theme. */
export function showStoredTheme(): void {
  const stored = readStored(KEY)
  show(stored === 'dark' || (stored !== 'light' && dark.matches))
}

/** The chosen theme, and how to choose; the page follows it. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, choose] = useStoredChoice(KEY, THEMES)
  const systemIsDark = useSyncExternalStore(subscribe, () => dark.matches)
  const isDark = theme === 'dark' || (theme === 'system' && systemIsDark)
  useEffect(() => show(isDark), [isDark])
  return [theme, choose]
}
