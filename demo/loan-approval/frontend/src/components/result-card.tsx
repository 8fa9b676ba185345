import type { ReactNode } from 'react'
import type { Application, ApprovedResult, DeniedResult } from '../api/application'
import { money, moneyExact, rate } from '../util/format'
import { Icon, type IconName } from './icon'

/** How the application ended; nothing while it has not. */
export function ResultCard({ application }: { application: Application }) {
  if (application.status === 'failed') return <Failed application={application} />
  if (application.result === null) return null
  return application.result.kind === 'approved' ? <Approved result={application.result} /> : <Denied result={application.result} />
}

interface FrameProps {
  tone: 'good' | 'bad'
  icon: IconName
  title: string
  children: ReactNode
}

function Frame({ tone, icon, title, children }: FrameProps) {
  return (
    <section className="result" data-tone={tone} aria-label="Result">
      <h3>
        <span className="result-icon">
          <Icon name={icon} />
        </span>
        {title}
      </h3>
      {children}
    </section>
  )
}

function Term({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Approved({ result }: { result: ApprovedResult }) {
  return (
    <Frame tone="good" icon="check" title="Approved">
      <p className="result-figure">
        {moneyExact(result.monthlyPayment)} <span>a month</span>
      </p>
      <dl className="terms">
        <Term name="Loan amount">{money(result.loanAmount)}</Term>
        <Term name="Annual rate">{rate(result.annualRate)}</Term>
        <Term name="Term">{result.termMonths} months</Term>
        <Term name="Monthly payment">{moneyExact(result.monthlyPayment)}</Term>
        <Term name="Offer">
          <code>{result.offerId}</code>
        </Term>
        <Term name="Disbursement">
          <code>{result.disbursementRef}</code>
        </Term>
      </dl>
    </Frame>
  )
}

function Denied({ result }: { result: DeniedResult }) {
  return (
    <Frame tone="bad" icon="cross" title="Denied">
      <p className="result-reason">{result.reason}</p>
      {(result.riskTier !== null || result.averageScore !== null) && (
        <dl className="terms">
          {result.riskTier !== null && <Term name="Risk tier">{result.riskTier}</Term>}
          {result.averageScore !== null && <Term name="Average score">{result.averageScore.toFixed(1)}</Term>}
        </dl>
      )}
    </Frame>
  )
}

function Failed({ application }: { application: Application }) {
  const cause = application.logs.findLast((entry) => entry.level === 'error')
  return (
    <Frame tone="bad" icon="warning" title="Failed">
      <p className="result-reason">{cause?.message ?? 'The workflow ended with an error and left no message.'}</p>
      <p className="result-help-title">What to do next</p>
      <ol className="result-help">
        <li>
          Find the execution with <code>lambdura ls</code> and see which operation failed with <code>lambdura show</code>.
        </li>
        <li>
          Read what the function printed with <code>lambdura logs</code>.
        </li>
        <li>Once the cause is gone, submit a new application. This one stays as it ended.</li>
      </ol>
    </Frame>
  )
}
