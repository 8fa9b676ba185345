import { type RefObject, useState } from 'react'
import type { Application } from '../api/application'
import { useCost } from '../hooks/use-cost'
import { useNow } from '../hooks/use-now'
import type { Server } from '../hooks/use-server'
import { executionUrl } from '../settings'
import { money } from '../util/format'
import { deriveTime, type Progress } from '../util/progress'
import { ENGINE_TEXT, PHASE_TEXT } from '../util/workflow'
import { Icon } from './icon'
import { KillButton, KillReport } from './kill-server'
import { NowPanel } from './now-panel'
import { ResultCard } from './result-card'
import { TimeBar } from './time-bar'

interface Props {
  headingRef: RefObject<HTMLHeadingElement | null>
  id: string
  application: Application | null
  progress: Progress | null
  alreadyDecided: boolean
  server: Server
  /** The server was killed here, and answers again. */
  onBack: () => void
  onReview: () => void
  onNew: () => void
}

/** The open application: who, how much, what is happening or how it ended. */
export function ApplicationPanel({ headingRef, id, application, progress, alreadyDecided, server, onBack, onReview, onNew }: Props) {
  const consoleUrl = application && executionUrl(application.engine, id)
  const live = progress !== null && PHASE_TEXT[progress.phase].live
  const now = useNow(live)
  // What a kill did is counted from the history, which nothing else here needs.
  const engine = application?.engine ?? 'durable'
  const cost = useCost(engine, id, server.kills.length > 0 && application !== null)
  return (
    <section className="card application" aria-labelledby="application-heading" aria-busy={application === null}>
      <header className="application-head">
        <h2 id="application-heading" ref={headingRef} tabIndex={-1}>
          {application?.applicantName ?? 'Application'}
        </h2>
        {application && <p className="application-amount">{money(application.loanAmount)}</p>}
        <ApplicationId id={id} />
        {application && <p className="application-engine">Carried by the {ENGINE_TEXT[application.engine].label.toLowerCase()}</p>}
      </header>
      {application && progress && (
        <>
          {alreadyDecided && (
            <p className="notice" role="status">
              The decision had already been given elsewhere; yours was not counted. The workflow follows the first one.
            </p>
          )}
          <ResultCard application={application} />
          <NowPanel progress={progress} now={now} onReview={onReview} />
          <TimeBar time={deriveTime(progress, now)} />
          <KillReport server={server} sides={[{ engine, cost }]} />
        </>
      )}
      {!application && <div className="placeholder" aria-hidden="true" />}
      <footer className="application-foot">
        <button type="button" className="button secondary" onClick={onNew}>
          New application
        </button>
        {live && <KillButton server={server} onBack={onBack} />}
        {consoleUrl && (
          <a className="link" href={consoleUrl} target="_blank" rel="noreferrer">
            Open the execution
          </a>
        )}
      </footer>
    </section>
  )
}

function ApplicationId({ id }: { id: string }) {
  const [copied, setCopied] = useState<'no' | 'yes' | 'refused'>('no')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(id)
      setCopied('yes')
    } catch {
      setCopied('refused')
    }
  }
  return (
    <p className="application-id">
      <code>{id}</code>
      <button type="button" className="button quiet icon-only small" onClick={() => void copy()} aria-label="Copy the application id">
        <Icon name={copied === 'yes' ? 'check' : 'copy'} />
      </button>
      <span className="copied" role="status">
        {copied === 'yes' && 'Copied'}
        {copied === 'refused' && 'The browser refused; select the id instead'}
      </span>
    </p>
  )
}
