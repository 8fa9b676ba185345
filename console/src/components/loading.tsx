import Spinner, { type SpinnerProps } from '@cloudscape-design/components/spinner'
import { useEffect, useState } from 'react'

/** Milliseconds of which nobody needs to be told: what comes sooner appears at once, without a flash before it. */
const LATE = 400

/** Something is being read. Says so only if it takes a while. */
export function Loading({ size = 'normal' }: { size?: SpinnerProps['size'] & string }) {
  return <span className="late">{useLate(true) && <Spinner size={size} />}</span>
}

/** Whether something has gone on for so long that the reader should be told. */
export function useLate(goesOn: boolean): boolean {
  const [isLate, setLate] = useState(false)
  if (isLate && !goesOn) setLate(false)
  useEffect(() => {
    if (!goesOn) return
    const timer = setTimeout(() => setLate(true), LATE)
    return () => clearTimeout(timer)
  }, [goesOn])
  return isLate && goesOn
}
