/** The story of an execution, invocation by invocation, as its page tells it. */

import assert from 'node:assert/strict'
import { until } from '../../../demo/loan-approval/e2e/support/until.mjs'

/** Waits until the invocation of that number, from 1, is told like this: its end is recorded a moment after the execution's. */
export const tells = (story, number, pattern) =>
  until(`invocation ${number} is told`, async () => {
    assert.match(await story.nth(number - 1).innerText(), pattern)
    return true
  })
