/** Text that lasts as long as the browser's tab. */

import { useState } from 'react'

function read(key: string): string | null {
  try {
    return window.sessionStorage.getItem(key)
  } catch {
    return null
  }
}

/** A text under `key`, which must not change while the component is shown; null until one is set. */
export function useSessionText(key: string): [string | null, (text: string) => void] {
  const [text, setText] = useState(() => read(key))
  return [
    text,
    (next) => {
      setText(next)
      try {
        window.sessionStorage.setItem(key, next)
      } catch {
        // Full or refused: the text then lasts as long as the page.
      }
    },
  ]
}
