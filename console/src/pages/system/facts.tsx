import type { ReactNode } from 'react'

interface Fact {
  label: string
  value: ReactNode
  isWarning?: boolean
}

/** Figures, one a line, so that a card of any width holds them. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className="facts">
      {facts.map(({ label, value, isWarning }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd className={isWarning === true ? 'warn' : ''}>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
