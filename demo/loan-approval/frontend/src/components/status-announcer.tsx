import type { Engine } from '../api/application'
import type { Progress } from '../util/progress'
import { ENGINE_TEXT, PHASE_TEXT, STEP_TEXT } from '../util/workflow'

/** Tells screen readers each change of state once, in a sentence. */
export function StatusAnnouncer({ progress, engine }: { progress: Progress | null; engine?: Engine }) {
  const whose = engine ? ENGINE_TEXT[engine].label : 'Application'
  return (
    <p className="visually-hidden" role="status" aria-live="polite" aria-label={`${whose} status`}>
      {progress && `${engine ? `${whose}: ` : ''}${sentence(progress)}`}
    </p>
  )
}

function sentence({ phase, at }: Progress): string {
  const { label } = PHASE_TEXT[phase]
  if (at.state === 'suspended') return `${label}. Suspended: holds no process, zero compute.`
  return phase === 'processing' ? `${label}: ${STEP_TEXT[at.step].label}.` : `${label}.`
}
