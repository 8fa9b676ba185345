import Button from '@cloudscape-design/components/button'
import { useState } from 'react'
import { formatDuration } from '../../../time/format'
import type { Invocation } from '../model/history'

interface Props {
  invocations: readonly Invocation[]
  chosen: number | null
  onChoose: (number: number | null) => void
  now: number
}

/** Invocations that are told at first. */
const SHOWN = 4

/** Each invocation in a sentence: what brought it back, what it replayed, what it did, why it ended. */
export function InvocationStory({ invocations, chosen, onChoose, now }: Props) {
  const [isWhole, showWhole] = useState(false)
  if (invocations.length === 0) return null
  // The chosen one and its neighbours, else the last ones.
  const last = chosen === null ? invocations.length : Math.min(invocations.length, Math.max(SHOWN, chosen + 1))
  const shown = isWhole ? invocations : invocations.slice(Math.max(0, last - SHOWN), last)
  const hidden = invocations.length - shown.length
  return (
    <div className="story">
      <ol className="story-list" aria-label="Invocations">
        {shown.map((invocation) => {
          const { number, startedAt, endedAt, replayedUntil, replayedOperations, recorded, ranAgain } = invocation
          const end = endedAt ?? now
          return (
            <li key={number} className={chosen === number ? 'story-chosen' : undefined}>
              <button type="button" className="story-number" aria-pressed={chosen === number} aria-label={`Invocation ${number}`} onClick={() => onChoose(chosen === number ? null : number)}>
                {number}
              </button>
              <span className="wrap-anywhere">
                <bdi className="story-cause">{sentence(invocation.broughtBackBy)}</bdi>
                {number > 1 && (
                  <>
                    {' '}
                    → replayed <b>{replayedOperations}</b> {replayedOperations === 1 ? 'operation' : 'operations'}
                    {ranAgain.length === 0 ? (
                      <>
                        {' '}
                        in <b>{formatDuration(replayedUntil - startedAt)}</b>
                      </>
                    ) : (
                      <>
                        {' '}
                        → ran <bdi className="story-end">{listed(ranAgain)}</bdi> again
                      </>
                    )}
                  </>
                )}{' '}
                {(recorded > 0 || number === 1) && (
                  <>
                    → recorded <b>{recorded}</b> {recorded === 1 ? 'event' : 'events'} in <b>{formatDuration(end - replayedUntil)}</b>{' '}
                  </>
                )}
                →{' '}
                <bdi className={invocation.failed ? 'error-line' : 'story-end'}>{invocation.endedBecause}</bdi>
              </span>
            </li>
          )
        })}
      </ol>
      {(hidden > 0 || isWhole) && invocations.length > SHOWN && (
        <Button variant="inline-link" onClick={() => showWhole(!isWhole)}>
          {isWhole ? 'Show fewer invocations' : `Show all ${invocations.length} invocations`}
        </Button>
      )}
    </div>
  )
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

/** Names that are said, of more. */
const NAMES = 2

const listed = (names: readonly string[]): string => `${names.slice(0, NAMES).join(' and ')}${names.length > NAMES ? ` and ${names.length - NAMES} more` : ''}`

/** What an invocation did of what was done before. */
export function replayText({ replayedOperations, replayedUntil, startedAt, ranAgain }: Invocation): string {
  const replayed = `replayed ${replayedOperations} operations`
  return ranAgain.length > 0 ? `${replayed}, ran ${listed(ranAgain)} again` : `${replayed} in ${formatDuration(replayedUntil - startedAt)}`
}
