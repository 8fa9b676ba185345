import { duration } from '../util/format'
import type { Progress } from '../util/progress'
import { PHASE_TEXT, type Phase, STEP_TEXT } from '../util/workflow'
import { Icon } from './icon'

/** `null`: the application has ended, and its result speaks for itself. */
const EXPLANATION: Record<Phase, string | null> = {
  submitted: 'Recorded. The execution is starting.',
  processing: 'Each finished step is checkpointed. If the process died now, it would continue from the last one.',
  awaiting_manager: 'A person has to decide. The workflow keeps its place for up to 30 minutes.',
  awaiting_fraud_check: 'An external service does the work and calls back. The workflow keeps its place for up to 5 minutes.',
  approved: null,
  denied: null,
  failed: null,
}

interface Props {
  progress: Progress
  now: number
  onReview: () => void
}

/** What is happening at this moment, large enough for the last row. */
export function NowPanel({ progress, now, onReview }: Props) {
  const { phase, at } = progress
  const explanation = EXPLANATION[phase]
  if (explanation === null) return null
  const { label, tone } = PHASE_TEXT[phase]
  const suspended = at.state === 'suspended'
  return (
    <section className="now" data-tone={tone} aria-label="Current state">
      <p className="now-phase">
        <span className="pulse" aria-hidden="true" />
        {label}
        {at.startedAt !== null && <span className="now-clock">{duration(now - at.startedAt)}</span>}
      </p>
      <p className="now-step">{suspended ? 'Suspended: holds no process, zero compute' : STEP_TEXT[at.step].label}</p>
      <p className="now-explanation">{explanation}</p>
      {phase === 'awaiting_manager' && (
        <button type="button" className="button primary" onClick={onReview}>
          Review and decide
          <Icon name="arrow" />
        </button>
      )}
    </section>
  )
}
