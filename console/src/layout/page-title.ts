import { useEffect } from 'react'

/** What the tab says. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Lambdura`
  }, [title])
}
