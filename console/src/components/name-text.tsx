import { Fragment } from 'react'

/** A name that breaks where its words meet, if it has to break at all: `LoanWorkflow` before `Function`. */
export function NameText({ name }: { name: string }) {
  return (
    <bdi className="wrap-anywhere">
      {name.split(/(?<=[a-z0-9])(?=[A-Z])|(?<=[-_.])/).map((word, index) => (
        <Fragment key={index}>
          {index > 0 && <wbr />}
          {word}
        </Fragment>
      ))}
    </bdi>
  )
}
