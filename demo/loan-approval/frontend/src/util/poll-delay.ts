/** How long to wait before the next read of the status. */

/** Milliseconds. Half of the second within which a change must be on the page. */
export const LIVE_DELAY = 500

/** Milliseconds. Nobody is looking; still often enough for the tab's title to be right. */
const HIDDEN_DELAY = 5_000

/** Milliseconds. The page recovers by itself, so a presenter who restarts the API should not wait longer than this. */
const FAILING_DELAY_MAX = 3_000

/** `failures`: reads that failed in a row. */
export function pollDelay(failures: number, hidden: boolean): number {
  const delay = Math.min(LIVE_DELAY * 2 ** Math.min(failures, 10), failures === 0 ? LIVE_DELAY : FAILING_DELAY_MAX)
  return hidden ? Math.max(delay, HIDDEN_DELAY) : delay
}
