/** What is typed into a search field, kept in the URL. */

import { useState } from 'react'
import { useLocation, useNavigationType, useSearchParams } from 'react-router'

/**
 * A text under `name` in the URL. The URL follows a moment after each key, so the field has a state of its own:
 * a field that waited for the URL would lose letters. A link to the same page sets it anew.
 */
export function useUrlText(name: string): [string, (text: string) => void] {
  const [parameters, setParameters] = useSearchParams()
  const { key } = useLocation()
  const isOurs = useNavigationType() === 'REPLACE'
  const current = parameters.get(name) ?? ''
  const [typed, setTyped] = useState({ text: current, since: key })
  if (!isOurs && typed.since !== key) setTyped({ text: current, since: key })
  const write = (text: string) => {
    setTyped((old) => ({ ...old, text }))
    setParameters(
      (old) => {
        if (text === '') old.delete(name)
        else old.set(name, text)
        return old
      },
      { replace: true },
    )
  }
  return [typed.text, write]
}
