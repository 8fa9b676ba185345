/** What axe finds on a page, as far as it is serious. */

import { createRequire } from 'node:module'
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Fails if axe has a serious or critical finding on the page as it is now, once what moves has come to rest. */
export async function assertAccessible(page, where) {
  await atRest(page)
  // The page's policy forbids inline scripts; what the test's own connection evaluates is not one.
  await page.evaluate(source)
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  const told = serious.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.slice(0, 3).map(({ html, failureSummary }) => `    ${html.slice(0, 200)}\n    ${failureSummary}`).join('\n')}`)
  assert.equal(serious.length, 0, `${where} has serious accessibility findings:\n${told.join('\n')}`)
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
