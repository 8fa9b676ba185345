import { useState } from 'react'
import { readStored, writeStored } from '../util/stored'

export type Theme = 'light' | 'dark'

const KEY = 'lambdura.theme'
const SYSTEM_DARK = window.matchMedia('(prefers-color-scheme: dark)')

function chosen(): Theme | null {
  const stored = readStored(KEY)
  return stored === 'light' || stored === 'dark' ? stored : null
}

/** Applies a choice of an earlier visit before the first paint. Without one, the system's preference holds. */
export function restoreTheme(): void {
  const theme = chosen()
  if (theme !== null) document.documentElement.dataset['theme'] = theme
}

/** What the toggle would switch to, and the switch. */
export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(() => chosen() ?? (SYSTEM_DARK.matches ? 'dark' : 'light'))
  const other: Theme = theme === 'dark' ? 'light' : 'dark'
  const toggle = () => {
    document.documentElement.dataset['theme'] = other
    writeStored(KEY, other)
    setTheme(other)
  }
  return [other, toggle]
}
