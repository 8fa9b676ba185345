import { type KeyboardEvent, useLayoutEffect, useRef, useState } from 'react'
import type { Application, Decision } from '../api/application'
import { ApiRefused, decide, isApiError } from '../api/client'
import { useNow } from '../hooks/use-now'
import { duration, money } from '../util/format'

/** What the API records for a denial without words; source: `functions/loan-api`. */
const DEFAULT_REASON = 'Manager denied the application'

/** Characters; source: `functions/loan-api/src/forms.rs`. */
const REASON_LENGTH_MAX = 500

const CONFLICT = 409

interface Props {
  application: Application
  /** Whom the decision is sent to: it may be one for both engines. */
  ids: readonly string[]
  waitingSince: number | null
  onPostpone: () => void
  onSent: () => void
  onAlreadyGiven: () => void
}

/** The manager's desk. Leaving it undecided takes its own button, so that Esc cannot lose the question in silence. */
export function ManagerDialog({ application, ids, waitingSince, onPostpone, onSent, onAlreadyGiven }: Props) {
  const now = useNow(true)
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const [reason, setReason] = useState('')
  const [sending, setSending] = useState<'approve' | 'deny' | null>(null)
  const [error, setError] = useState<string | null>(null)
  const [escaped, setEscaped] = useState(false)

  // A layout effect, because its cleanup runs while the dialog is still there to give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current
    element?.showModal()
    // The heading takes the focus, so that Enter pressed a moment too late approves nothing.
    heading.current?.focus()
    return () => element?.close()
  }, [])

  const send = async (decision: Decision) => {
    if (sending) return
    setSending(decision.approved ? 'approve' : 'deny')
    setError(null)
    try {
      const sent = await Promise.allSettled(ids.map((id) => decide(id, decision)))
      const failed = sent.filter((one) => one.status === 'rejected')
      const isGiven = (one: PromiseRejectedResult) => one.reason instanceof ApiRefused && one.reason.statusCode === CONFLICT
      const unsent = failed.find((one) => !isGiven(one))
      if (unsent) throw unsent.reason
      if (failed.length === ids.length) return onAlreadyGiven()
      onSent()
    } catch (cause) {
      if (!isApiError(cause)) throw cause
      setError(`The decision was not recorded. ${cause.message} Try again.`)
      setSending(null)
    }
  }

  const keepOpen = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    setEscaped(true)
  }

  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="manager-heading" aria-describedby="manager-question" closedby="none" onKeyDown={keepOpen} onCancel={(event) => event.preventDefault()}>
      <p className="dialog-state">
        <span className="pulse" aria-hidden="true" />
        Suspended: holds no process, zero compute
        {waitingSince !== null && <span className="now-clock">{duration(now - waitingSince)}</span>}
      </p>
      <h2 id="manager-heading" ref={heading} tabIndex={-1}>
        Manager approval
      </h2>
      <p id="manager-question">
        {application.applicantName} asks for <strong>{money(application.loanAmount)}</strong>. The checks so far passed; from $100,000 a manager decides.
      </p>
      <label htmlFor="manager-reason">Reason for a denial</label>
      <textarea
        id="manager-reason"
        rows={2}
        maxLength={REASON_LENGTH_MAX}
        value={reason}
        placeholder={DEFAULT_REASON}
        aria-describedby="manager-reason-hint"
        onChange={(event) => setReason(event.target.value)}
      />
      <p className="hint" id="manager-reason-hint">
        The applicant reads it. Left empty: “{DEFAULT_REASON}”.
      </p>
      {error && (
        <p className="refusal" role="alert">
          {error}
        </p>
      )}
      {escaped && (
        <p className="notice" role="status">
          The decision is still open. Approve, deny, or choose “Decide later”.
        </p>
      )}
      <div className="dialog-actions">
        <button type="button" className="button quiet" onClick={onPostpone} disabled={sending !== null}>
          Decide later
        </button>
        <button type="button" className="button danger" onClick={() => void send({ approved: false, reason: reason.trim() || DEFAULT_REASON })} disabled={sending !== null}>
          {sending === 'deny' ? 'Denying…' : 'Deny'}
        </button>
        <button type="button" className="button good" onClick={() => void send({ approved: true })} disabled={sending !== null}>
          {sending === 'approve' ? 'Approving…' : 'Approve'}
        </button>
      </div>
    </dialog>
  )
}
