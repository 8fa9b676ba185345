import { useEffect, useRef, useState } from 'react'
import { ApiBanner } from './components/api-banner'
import { ApplicationForm } from './components/application-form'
import { ApplicationPanel } from './components/application-panel'
import { ComparePage } from './components/compare/compare-page'
import { Header } from './components/header'
import { LogPanel } from './components/log-panel'
import { ManagerDialog } from './components/manager-dialog'
import { StatusAnnouncer } from './components/status-announcer'
import { UnknownApplication } from './components/unknown-application'
import { WorkflowPanel } from './components/workflow-panel'
import { useApiReachable } from './hooks/use-api-reachable'
import { useApplication } from './hooks/use-application'
import { useServer } from './hooks/use-server'
import { type Open, useOpen } from './hooks/use-open'
import { deriveProgress } from './util/progress'
import { PHASE_TEXT } from './util/workflow'

/** What the manager's part of this page has done about one application. */
interface Desk {
  id: string
  decision: 'postponed' | 'sent' | 'already_given'
}

const INTRO: Record<Open['kind'], string> = {
  nothing: 'A durable function, or a state machine, carries an application from form to funds. It suspends while people decide, and never repeats a step it has finished.',
  application: 'An application on its way from form to funds. It suspends while people decide, and never repeats a step it has finished.',
  compared: 'The same application, by the same rules, as a durable function and as a state machine, at the same time.',
}

export function App() {
  const [shown, open] = useOpen()
  const id = shown.kind === 'application' ? shown.id : null
  const server = useServer()
  const [reachable, recheck] = useApiReachable(id === null && !server.gone)
  const [{ application, trouble, unknown }, refresh] = useApplication(id)
  const [desk, setDesk] = useState<Desk | null>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const shownBefore = useRef(shown)

  const decision = desk?.id === id ? desk.decision : null
  const decided = decision === 'sent' || decision === 'already_given'
  const progress = application && deriveProgress(application, decided)
  const awaitingManager = progress?.phase === 'awaiting_manager'

  // Submitting and starting anew replace what had the focus; the new heading takes it, so that keyboard and screen
  // reader go on from there.
  useEffect(() => {
    if (shownBefore.current === shown) return
    shownBefore.current = shown
    heading.current?.focus({ preventScroll: true })
    window.scrollTo({ top: 0 })
  }, [shown])

  const settle = (next: Desk['decision']) => {
    if (id !== null) setDesk({ id, decision: next })
    if (next !== 'postponed') refresh()
  }
  const startNew = () => open({ kind: 'nothing' })

  return (
    <>
      <title>{progress ? `${PHASE_TEXT[progress.phase].label} · Loan approval` : 'Loan approval · Lambdura'}</title>
      <Header />
      <main className="page">
        <div className="intro">
          <h1>Loan approval</h1>
          <p>{INTRO[shown.kind]}</p>
        </div>
        <ApiBanner trouble={trouble} reachable={reachable} following={shown.kind !== 'nothing'} killedUntil={server.killedUntil} />
        {shown.kind === 'compared' && <ComparePage key={shown.pair.durable} headingRef={heading} pair={shown.pair} server={server} onNew={startNew} />}
        {shown.kind !== 'compared' && (
          <div className="columns">
            {shown.kind === 'nothing' && <ApplicationForm headingRef={heading} onSubmitted={open} onUnreachable={recheck} />}
            {id !== null && unknown !== null && <UnknownApplication headingRef={heading} id={id} message={unknown} onNew={startNew} />}
            {id !== null && unknown === null && (
              <ApplicationPanel
                headingRef={heading}
                id={id}
                application={application}
                progress={progress}
                alreadyDecided={decision === 'already_given'}
                server={server}
                onBack={refresh}
                onReview={() => setDesk(null)}
                onNew={startNew}
              />
            )}
            <WorkflowPanel progress={progress} />
          </div>
        )}
        {application && <LogPanel key={application.id} logs={application.logs} />}
      </main>
      {shown.kind !== 'compared' && <StatusAnnouncer progress={progress} />}
      {application && awaitingManager && decision === null && (
        <ManagerDialog
          application={application}
          ids={[application.id]}
          waitingSince={progress.at.startedAt}
          onPostpone={() => settle('postponed')}
          onSent={() => settle('sent')}
          onAlreadyGiven={() => settle('already_given')}
        />
      )}
    </>
  )
}
