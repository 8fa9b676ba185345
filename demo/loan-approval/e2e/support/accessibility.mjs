/** What axe finds on the page. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Fails if axe has a finding on the page as it is, in the `where` of the message. Open it with reduced motion. */
export async function assertAccessible(page, where) {
  await page.evaluate(source)
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
  const told = violations.map(({ id, impact, help, nodes }) => `${id} (${impact}): ${help}\n${nodes.slice(0, 3).map(({ html }) => `    ${html.slice(0, 200)}`).join('\n')}`)
  assert.equal(violations.length, 0, `${where} has accessibility findings:\n${told.join('\n')}`)
}
