import { useStoredChoice } from '../util/stored'

export const TIME_MODES = ['local', 'utc', 'relative'] as const
export type TimeMode = (typeof TIME_MODES)[number]

/** How instants are written: local time, UTC, or how long ago. */
export const useTimeMode = (): [TimeMode, (mode: TimeMode) => void] => useStoredChoice('lambdura.time', TIME_MODES)
