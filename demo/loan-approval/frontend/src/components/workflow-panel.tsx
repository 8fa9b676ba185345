import { STEPS } from '../api/application'
import { useNow } from '../hooks/use-now'
import { duration } from '../util/format'
import type { Progress, StepProgress, StepState } from '../util/progress'
import { PHASE_TEXT, STEP_TEXT } from '../util/workflow'
import { Icon, type IconName } from './icon'

interface StateText {
  /** Said to screen readers always, and shown where `shown`. */
  label: string
  shown: boolean
  icon: IconName
}

const STATE_TEXT: Record<StepState, StateText> = {
  pending: { label: 'Not started', shown: false, icon: 'dot' },
  active: { label: 'Running', shown: false, icon: 'dot' },
  suspended: { label: 'Suspended', shown: true, icon: 'pause' },
  done: { label: 'Done', shown: false, icon: 'check' },
  skipped: { label: 'Skipped', shown: true, icon: 'dash' },
  denied: { label: 'Denied here', shown: true, icon: 'cross' },
  failed: { label: 'Failed here', shown: true, icon: 'warning' },
  not_reached: { label: 'Not reached', shown: true, icon: 'dash' },
}

const PLAN: readonly StepProgress[] = STEPS.map((step) => ({ step, state: 'pending', message: null, startedAt: null, endedAt: null, replays: 0 }))

interface Props {
  /** `null` before there is an application: the panel then shows the plan. */
  progress: Progress | null
}

/** The nine steps, live. */
export function WorkflowPanel({ progress }: Props) {
  const now = useNow(progress !== null && PHASE_TEXT[progress.phase].live)
  return (
    <section className="card workflow" aria-labelledby="workflow-heading">
      <header className="card-head">
        <h2 id="workflow-heading">Workflow</h2>
        {progress && (
          <span className="badge" data-tone={PHASE_TEXT[progress.phase].tone}>
            {PHASE_TEXT[progress.phase].label}
          </span>
        )}
      </header>
      <ol className="steps" aria-label="Workflow steps">
        {(progress?.steps ?? PLAN).map((step) => (
          <StepRow key={step.step} progress={step} now={now} />
        ))}
      </ol>
    </section>
  )
}

function StepRow({ progress, now }: { progress: StepProgress; now: number }) {
  const { step, state, startedAt, endedAt, replays } = progress
  const { label, plan } = STEP_TEXT[step]
  const text = STATE_TEXT[state]
  const open = state === 'active' || state === 'suspended'
  const spent = startedAt === null ? null : (endedAt ?? (open ? now : startedAt)) - startedAt
  return (
    <li className="step" data-state={state} aria-current={open ? 'step' : undefined}>
      <span className="step-node" aria-hidden="true">
        <Icon name={text.icon} />
      </span>
      <div className="step-body">
        <p className="step-line">
          <span className="step-label">{label}</span>
          <span className={text.shown ? 'step-state' : 'visually-hidden'}>{text.label}</span>
          {replays > 0 && (
            <span className="replay-chip" title="Its recorded result was read back, not computed again">
              replayed{replays > 1 ? ` ×${replays}` : ''}
            </span>
          )}
        </p>
        <p className="step-detail">{detail(progress, plan)}</p>
      </div>
      <span className="step-time">{spent !== null && (open || (spent > 0 && step !== 'complete')) ? duration(spent) : ''}</span>
    </li>
  )
}

function detail(progress: StepProgress, plan: string): string {
  const text: Record<StepState, string> = {
    pending: plan,
    active: progress.step === 'manager_approval' ? 'The decision is in; the workflow resumes.' : (progress.message ?? plan),
    suspended: 'Suspended: holds no process, zero compute',
    done: progress.message ?? plan,
    skipped: 'Not needed for this amount.',
    denied: progress.message ?? plan,
    failed: progress.message ?? plan,
    not_reached: '',
  }
  return text[progress.state]
}
