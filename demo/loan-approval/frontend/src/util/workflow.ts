/** What the page says about statuses and steps. One entry per value, so a new one is a type error, not a blank. */

import type { Engine, Level, Step } from '../api/application'

export interface StepText {
  label: string
  /** What the step does, for the plan that is shown before anything runs. */
  plan: string
}

export const STEP_TEXT: Record<Step, StepText> = {
  submitted: { label: 'Submitted', plan: 'The API records the application and starts the execution.' },
  validating: { label: 'Validation', plan: 'The fields are checked.' },
  credit_check: { label: 'Credit check', plan: 'Three bureaus are asked in parallel.' },
  risk_assessment: { label: 'Risk assessment', plan: 'The scores become a risk tier. Low scores end here.' },
  manager_approval: { label: 'Manager approval', plan: 'From $100,000, a person decides. The workflow suspends.' },
  fraud_check: { label: 'Fraud check', plan: 'An external service calls back. The workflow suspends.' },
  generating_offer: { label: 'Loan offer', plan: 'Rate and monthly payment over 60 months.' },
  disbursing: { label: 'Disbursement', plan: 'The funds are sent.' },
  complete: { label: 'Complete', plan: 'The result is recorded.' },
}

export interface EngineText {
  label: string
  /** What it counts and is paid by. */
  unit: string
  /** What becomes of work at `kill -9`, in one sentence. */
  killed: string
  /** What a change of the flow is. */
  change: string
}

export const ENGINE_TEXT: Record<Engine, EngineText> = {
  durable: {
    label: 'Durable function',
    unit: 'operations',
    killed: 'The function is invoked again, replays what is recorded, and only the step that was under way runs once more.',
    change: 'One statement where it happens.',
  },
  'state-machine': {
    label: 'State machine',
    unit: 'transitions',
    killed: 'The machine goes on at its state, and only the task that was under way is invoked once more.',
    change: 'One state, and the arrow that leads to it.',
  },
}

/** Where an application stands, as the page names it: the API's status, with the two suspensions told apart. */
export type Phase = 'submitted' | 'processing' | 'awaiting_manager' | 'awaiting_fraud_check' | 'approved' | 'denied' | 'failed'

export type Tone = 'neutral' | 'running' | 'suspended' | 'good' | 'bad'

export interface PhaseText {
  label: string
  tone: Tone
  /** Whether time still passes for it. */
  live: boolean
}

export const PHASE_TEXT: Record<Phase, PhaseText> = {
  submitted: { label: 'Submitted', tone: 'neutral', live: true },
  processing: { label: 'Processing', tone: 'running', live: true },
  awaiting_manager: { label: 'Waiting for the manager', tone: 'suspended', live: true },
  awaiting_fraud_check: { label: 'Waiting for the fraud check', tone: 'suspended', live: true },
  approved: { label: 'Approved', tone: 'good', live: false },
  denied: { label: 'Denied', tone: 'bad', live: false },
  failed: { label: 'Failed', tone: 'bad', live: false },
}

export const LEVEL_TEXT: Record<Level, string> = {
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
  replay: '[REPLAY]',
}
