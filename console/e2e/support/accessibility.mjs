/** What axe finds on a page, as far as it is serious. */

import { createRequire } from 'node:module'
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Fails if axe has a serious or critical finding on the page as it is now. */
export async function assertAccessible(page, where) {
  // The page's policy forbids inline scripts; what the test's own connection evaluates is not one.
  await page.evaluate(source)
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  const told = serious.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.slice(0, 3).map(({ html, failureSummary }) => `    ${html.slice(0, 200)}\n    ${failureSummary}`).join('\n')}`)
  assert.equal(serious.length, 0, `${where} has serious accessibility findings:\n${told.join('\n')}`)
}
