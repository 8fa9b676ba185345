import { useLayoutEffect, useRef, useState } from 'react'
import type { Level, LogEntry } from '../api/application'
import { clock } from '../util/format'
import { plainMessage } from '../util/progress'
import { readStored, writeStored } from '../util/stored'
import { LEVEL_TEXT } from '../util/workflow'

const KEY = 'lambdura.logs'

/** Pixels from the end within which the reader counts as following it. */
const FOLLOWING = 40

/** The progress log. Entries that a replay wrote again are dimmed, hatched and tagged. */
export function LogPanel({ logs }: { logs: readonly LogEntry[] }) {
  const [shown, setShown] = useState(() => readStored(KEY) !== 'hidden')
  const replayed = logs.filter((entry) => entry.level === 'replay').length
  const toggle = () => {
    writeStored(KEY, shown ? 'hidden' : 'shown')
    setShown(!shown)
  }
  return (
    <section className="card logs" aria-labelledby="logs-heading">
      <header className="card-head">
        <h2 id="logs-heading">Log</h2>
        <p className="logs-count">
          {logs.length} {logs.length === 1 ? 'entry' : 'entries'}
          {replayed > 0 && <span>, {replayed} replayed</span>}
        </p>
        <button type="button" role="switch" className="switch" aria-checked={shown} aria-controls="log-entries" onClick={toggle}>
          <span>Show log</span>
          <span className="switch-track" aria-hidden="true" />
        </button>
      </header>
      <div id="log-entries" hidden={!shown}>
        {shown && <Entries logs={logs} />}
      </div>
    </section>
  )
}

function Entries({ logs }: { logs: readonly LogEntry[] }) {
  const box = useRef<HTMLDivElement>(null)
  const following = useRef(true)

  useLayoutEffect(() => {
    if (following.current) box.current?.scrollTo({ top: box.current.scrollHeight })
  })

  const onScroll = () => {
    const element = box.current
    if (element) following.current = element.scrollHeight - element.scrollTop - element.clientHeight < FOLLOWING
  }
  return (
    // Focusable, because a box that scrolls must also scroll from the keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="log-box" ref={box} onScroll={onScroll} role="log" aria-live="off" aria-labelledby="logs-heading" tabIndex={0}>
      {logs.map((entry, index) => (
        // The log only ever grows at its end, so the place in it is the entry's identity.
        // oxlint-disable-next-line react/no-array-index-key
        <Entry key={index} entry={entry} />
      ))}
    </div>
  )
}

const TAGGED: Record<Level, boolean> = { info: false, warn: true, error: true, replay: true }

function Entry({ entry }: { entry: LogEntry }) {
  return (
    <p className="log-entry" data-level={entry.level}>
      <time dateTime={entry.timestamp}>{clock(entry.timestamp)}</time>
      <span className="log-step">{entry.step}</span>
      <span className="log-message">
        {TAGGED[entry.level] && <span className="log-tag">{LEVEL_TEXT[entry.level]}</span>}
        {plainMessage(entry)}
      </span>
    </p>
  )
}
