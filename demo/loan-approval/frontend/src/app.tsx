import { useEffect, useRef, useState } from 'react'
import { ApiBanner } from './components/api-banner'
import { ApplicationForm } from './components/application-form'
import { ApplicationPanel } from './components/application-panel'
import { Header } from './components/header'
import { LogPanel } from './components/log-panel'
import { ManagerDialog } from './components/manager-dialog'
import { StatusAnnouncer } from './components/status-announcer'
import { UnknownApplication } from './components/unknown-application'
import { WorkflowPanel } from './components/workflow-panel'
import { useApiReachable } from './hooks/use-api-reachable'
import { useApplication } from './hooks/use-application'
import { useApplicationId } from './hooks/use-application-id'
import { deriveProgress } from './util/progress'
import { PHASE_TEXT } from './util/workflow'

/** What the manager's part of this page has done about one application. */
interface Desk {
  id: string
  decision: 'postponed' | 'sent' | 'already_given'
}

export function App() {
  const [id, open] = useApplicationId()
  const [reachable, recheck] = useApiReachable(id === null)
  const [{ application, trouble, unknown }, refresh] = useApplication(id)
  const [desk, setDesk] = useState<Desk | null>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const shownId = useRef(id)

  const decision = desk?.id === id ? desk.decision : null
  const decided = decision === 'sent' || decision === 'already_given'
  const progress = application && deriveProgress(application, decided)
  const awaitingManager = progress?.phase === 'awaiting_manager'

  // Submitting and starting anew replace what had the focus; the new heading takes it, so that keyboard and screen
  // reader go on from there.
  useEffect(() => {
    if (shownId.current === id) return
    shownId.current = id
    heading.current?.focus({ preventScroll: true })
    window.scrollTo({ top: 0 })
  }, [id])

  const settle = (next: Desk['decision']) => {
    if (id !== null) setDesk({ id, decision: next })
    if (next !== 'postponed') refresh()
  }
  const startNew = () => open(null)

  return (
    <>
      <title>{progress ? `${PHASE_TEXT[progress.phase].label} · Loan approval` : 'Loan approval · Lambdura'}</title>
      <Header />
      <main className="page">
        <div className="intro">
          <h1>Loan approval</h1>
          <p>One durable function carries an application from form to funds. It suspends while people decide, and never repeats a step it has finished.</p>
        </div>
        <ApiBanner trouble={trouble} reachable={reachable} following={id !== null} />
        <div className="columns">
          {id === null && <ApplicationForm headingRef={heading} onSubmitted={open} onUnreachable={recheck} />}
          {id !== null && unknown !== null && <UnknownApplication headingRef={heading} id={id} message={unknown} onNew={startNew} />}
          {id !== null && unknown === null && (
            <ApplicationPanel
              headingRef={heading}
              id={id}
              application={application}
              progress={progress}
              alreadyDecided={decision === 'already_given'}
              onReview={() => setDesk(null)}
              onNew={startNew}
            />
          )}
          <WorkflowPanel progress={progress} />
        </div>
        {application && <LogPanel key={application.id} logs={application.logs} />}
      </main>
      <StatusAnnouncer progress={progress} />
      {application && awaitingManager && decision === null && (
        <ManagerDialog
          application={application}
          waitingSince={progress.at.startedAt}
          onPostpone={() => settle('postponed')}
          onSent={() => settle('sent')}
          onAlreadyGiven={() => settle('already_given')}
        />
      )}
    </>
  )
}
