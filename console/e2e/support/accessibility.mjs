/** What axe finds on a page. */

import { createRequire } from 'node:module'
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Fails if axe has a finding on the page as it is now, or on a part of it, however small, once what moves has come to rest. */
export async function assertAccessible(page, where, part = 'html') {
  await atRest(page)
  // The page's policy forbids inline scripts; what the test's own connection evaluates is not one.
  await page.evaluate(source)
  const { violations } = await page.evaluate((within) => window.axe.run(within, { resultTypes: ['violations'] }), part)
  const told = violations.map(({ id, impact, help, nodes }) => `${id} (${impact}): ${help}\n${nodes.slice(0, 3).map(({ html, failureSummary }) => `    ${html.slice(0, 200)}\n    ${failureSummary}`).join('\n')}`)
  assert.equal(violations.length, 0, `${where} has accessibility findings:\n${told.join('\n')}`)
}

/**
 * Returns when no transition or animation that has an end is under way: half faded in, a colour is lighter than the one
 * that a reader sees, and axe would measure that.
 */
function atRest(page) {
  return page.evaluate(async () => {
    for (;;) {
      const running = document.getAnimations().filter(({ playState }) => playState === 'running')
      const moving = running.filter(({ effect }) => Number.isFinite(effect?.getComputedTiming().endTime))
      if (moving.length === 0) return
      // What ends may begin the next; what is cancelled rejects, and is at rest as well.
      await Promise.allSettled(moving.map(({ finished }) => finished))
    }
  })
}
