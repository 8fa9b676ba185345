/** What an engineer does about an execution that cannot be worked on, on a system whose disk has damaged one. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { until } from '../../../demo/loan-approval/e2e/support/until.mjs'
import { assertAccessible } from '../support/accessibility.mjs'
import { launchBrowser, withPage } from '../support/browser.mjs'
import { startShowcase } from '../support/system.mjs'

const NAME = 'torn-page'
const LAPTOP = { viewport: { width: 1280, height: 800 } }

let browser
let system

before(async () => {
  ;[browser, system] = await Promise.all([launchBrowser(), startShowcase()])
  const id = await system.invoke({ scenario: 'callback', name: 'the-long-wait' }, { name: NAME })
  await until('it waits for its callback', async () => {
    const { activity } = await system.execution(id)
    return activity?.kind === 'WAITING' && activity.operations.some(({ type }) => type === 'CALLBACK')
  })
})
after(() => Promise.all([browser?.close(), system?.close()]))

/** Changes what the stopped server left. Python has SQLite; Node.js 20 has not. */
function change(...statements) {
  const program = 'import sqlite3, sys; database = sqlite3.connect(sys.argv[1]); [database.execute(statement) for statement in sys.argv[2:]]; database.commit()'
  const { status, stderr } = spawnSync('python3', ['-c', program, join(system.data, 'lambdura.sqlite3'), ...statements], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
}

const OF = `execution_key = (SELECT execution_key FROM execution_specs WHERE execution_name = '${NAME}')`
/** Brings the deadline far into the past: the timers then come to the execution at once. */
const YEARS_MS = 1_000_000_000_000

const row = (page) => page.getByRole('table', { name: 'Executions that are set aside' }).getByRole('row').filter({ hasText: NAME })

test('an execution that cannot be read is found on the System page, and stays there while nothing is mended', async (t) => {
  await system.restart(() => change(`UPDATE operations SET status = 'STBRTED' WHERE type = 'CALLBACK' AND ${OF}`, `UPDATE execution_states SET deadline_at = deadline_at - ${YEARS_MS} WHERE ${OF}`))
  await withPage(browser, `${system.endpoint}/system`, t, LAPTOP, async (page) => {
    await page.getByRole('heading', { name: /Set aside\s*\(1\)/ }).waitFor()
    await row(page).getByText('fire a deadline').waitFor()
    await row(page).getByText('STBRTED').waitFor()
    await page.getByText('Ready: requests are served as they should be').waitFor()
    const button = row(page).getByRole('button', { name: `Try again: ${NAME}` })
    await button.scrollIntoViewIfNeeded()
    const { x, width } = await button.boundingBox()
    assert.ok(x >= 0 && x + width <= LAPTOP.viewport.width, `the button reaches from ${x} to ${x + width}`)
    const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
    assert.ok(content <= window, `the content is ${content} wide, the window ${window}`)
    await assertAccessible(page, 'the System page with an execution set aside')

    await button.click()
    await page.getByText(`${NAME} failed again, and stays set aside.`).waitFor()
    await row(page).getByRole('link', { name: NAME }).click()
    await page.getByText('Set aside: it cannot be worked on').waitFor()
    await assertAccessible(page, 'the page of an execution that is set aside')
  })
})

test('it is tried again once it is mended, and goes on', async (t) => {
  await system.restart(() => change(`UPDATE operations SET status = 'STARTED' WHERE type = 'CALLBACK' AND ${OF}`, `UPDATE execution_states SET deadline_at = deadline_at + ${YEARS_MS} WHERE ${OF}`))
  await withPage(browser, `${system.endpoint}/system`, t, LAPTOP, async (page) => {
    await row(page).getByRole('button', { name: `Try again: ${NAME}` }).click()
    await page.getByText(`${NAME} goes on.`).waitFor()
    await page.getByText('Nothing is set aside').waitFor()
    await page.goto(`${system.endpoint}/waiting`)
    await page.getByText('the-long-wait').first().waitFor()
    assert.equal(await page.getByText('Set aside: it cannot be worked on').count(), 0)
  })
})
