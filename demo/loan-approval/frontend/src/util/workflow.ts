/** What the page says about statuses and steps. One entry per value, so a new one is a type error, not a blank. */

import type { Level, Step } from '../api/application'

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
