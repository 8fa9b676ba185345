import type { RefObject } from 'react'

interface Props {
  headingRef: RefObject<HTMLHeadingElement | null>
  id: string
  message: string
  onNew: () => void
}

/** The address names an application that the API does not have. */
export function UnknownApplication({ headingRef, id, message, onNew }: Props) {
  return (
    <section className="card application" aria-labelledby="unknown-heading">
      <h2 id="unknown-heading" ref={headingRef} tabIndex={-1}>
        Unknown application
      </h2>
      <p className="lead">
        The API has no application <code>{id}</code>. It says: “{message}”
      </p>
      <p className="lead">The link may be mistyped, or the demo’s data was started afresh since.</p>
      <footer className="application-foot">
        <button type="button" className="button primary" onClick={onNew}>
          New application
        </button>
      </footer>
    </section>
  )
}
