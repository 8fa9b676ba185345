import { applyMode, Mode } from '@cloudscape-design/global-styles'
import { useEffect, useSyncExternalStore } from 'react'
import { useStoredChoice } from '../util/stored'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const dark = window.matchMedia('(prefers-color-scheme: dark)')

function subscribe(listener: () => void): () => void {
  dark.addEventListener('change', listener)
  return () => dark.removeEventListener('change', listener)
}

/** The chosen theme, and how to choose; the page follows it. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, choose] = useStoredChoice('lambdura.theme', THEMES)
  const systemIsDark = useSyncExternalStore(subscribe, () => dark.matches)
  const isDark = theme === 'dark' || (theme === 'system' && systemIsDark)
  useEffect(() => {
    applyMode(isDark ? Mode.Dark : Mode.Light)
    document.documentElement.style.colorScheme = isDark ? 'dark' : 'light'
  }, [isDark])
  return [theme, choose]
}
