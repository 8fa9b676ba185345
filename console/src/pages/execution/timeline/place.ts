import type { CSSProperties } from 'react'
import type { Axis, View } from '../model/axis'

/** What all that is drawn on the axis is given. */
export interface Drawn {
  axis: Axis
  view: View
  start: number
  /** The end of what is drawn. */
  now: number
  /** Since when the invocation at work has been. */
  activeSince: number | null
}

/** Where a stretch lies, in percent of what is in sight; null when it is out of sight. */
export function placed({ axis, view }: Drawn, from: number, to: number): CSSProperties | null {
  const width = view.to - view.from
  const left = ((axis.place(from) - view.from) / width) * 100
  const right = ((axis.place(to) - view.from) / width) * 100
  if (right < 0 || left > 100) return null
  const shownLeft = Math.max(left, -1)
  return { insetInlineStart: `${shownLeft}%`, inlineSize: `${Math.min(right, 101) - shownLeft}%` }
}
