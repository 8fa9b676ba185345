/**
 * What the loan API says, as types.
 * Source of every name and value: `functions/loan-api` and the progress entries of `functions/loan-workflow`.
 */

export const STATUSES = ['submitted', 'processing', 'pending_approval', 'approved', 'denied', 'failed'] as const
export type Status = (typeof STATUSES)[number]

/** The workflow's stages in the order in which it visits them. */
export const STEPS = [
  'submitted',
  'validating',
  'credit_check',
  'risk_assessment',
  'manager_approval',
  'fraud_check',
  'generating_offer',
  'disbursing',
  'complete',
] as const
export type Step = (typeof STEPS)[number]

export const LEVELS = ['info', 'warn', 'error', 'replay'] as const
export type Level = (typeof LEVELS)[number]

/** What carries an application: the demo has its workflow twice. */
export const ENGINES = ['durable', 'state-machine'] as const
export type Engine = (typeof ENGINES)[number]

export interface LogEntry {
  /** ISO 8601 with offset. */
  timestamp: string
  /** One of `STEPS`, or the API's name for a stage this page does not draw, such as `error`. */
  step: string
  message: string
  level: Level
}

export interface ApprovedResult {
  kind: 'approved'
  offerId: string
  loanAmount: number
  /** Percent per year: 7.5 is 7.5%. */
  annualRate: number
  monthlyPayment: number
  termMonths: number
  disbursementRef: string
}

export interface DeniedResult {
  kind: 'denied'
  reason: string
  riskTier: string | null
  averageScore: number | null
}

export interface Application {
  id: string
  engine: Engine
  status: Status
  /** `null` where the API reports a stage outside the drawn workflow: after a failure it says `error`. */
  currentStep: Step | null
  applicantName: string
  loanAmount: number
  logs: readonly LogEntry[]
  result: ApprovedResult | DeniedResult | null
  createdAt: string | null
}

export interface NewApplication {
  name: string
  address: string
  phone: string
  sin: string
  loanAmount: number
}

/** One application for each engine. */
export type Pair = Record<Engine, string>

export type Decision = { approved: true } | { approved: false; reason: string }

const TERMINAL: Record<Status, boolean> = {
  submitted: false,
  processing: false,
  pending_approval: false,
  approved: true,
  denied: true,
  failed: true,
}

/** Whether the application has reached its end: nothing about it changes any more. */
export function isTerminal(status: Status): boolean {
  return TERMINAL[status]
}
