import Button from '@cloudscape-design/components/button'
import { useState } from 'react'

/** Characters of a text that are shown at first. */
const SHOWN = 300

/** Text of any length: cut, with a way to see all of it. */
export function LongText({ text, shown = SHOWN, label }: { text: string; shown?: number; label: string }) {
  const [isWhole, showWhole] = useState(false)
  const isLong = text.length > shown
  const offer = isWhole ? 'Show less' : `Show all ${text.length.toLocaleString('en')} characters`
  return (
    <>
      <span className="wrap-anywhere">{isWhole || !isLong ? text : `${text.slice(0, shown)}…`}</span>
      {isLong && (
        <Button variant="inline-link" onClick={() => showWhole(!isWhole)} ariaExpanded={isWhole} ariaLabel={`${offer} of ${label}`}>
          {offer}
        </Button>
      )}
    </>
  )
}
