/** The clock in the top bar, on a system whose time stands still until it is moved. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { until } from '../../../demo/loan-approval/e2e/support/until.mjs'
import { assertAccessible } from '../support/accessibility.mjs'
import { launchBrowser, withPage } from '../support/browser.mjs'
import { startShowcase } from '../support/system.mjs'

const LAPTOP = { viewport: { width: 1280, height: 800 } }

let browser
let system

before(async () => {
  ;[browser, system] = await Promise.all([launchBrowser(), startShowcase(['--clock', 'manual'])])
})
after(() => Promise.all([browser?.close(), system?.close()]))

async function clock() {
  const response = await fetch(`${system.endpoint}/lambdura/v1/clock`)
  assert.equal(response.status, 200)
  return response.json()
}

test('time is moved to what comes next, and what waited for it goes on', async (t) => {
  const id = await system.invoke({ scenario: 'wait', seconds: 7200 }, { name: 'two-hours' })
  await until('it waits', async () => (await system.execution(id)).activity?.kind === 'WAITING')
  const then = await clock()
  assert.equal(then.mode, 'manual')
  await withPage(browser, `${system.endpoint}/executions/${id}`, t, LAPTOP, async (page) => {
    const menu = page.getByRole('button', { name: /^Clock: .*manual/ })
    await menu.click()
    await assertAccessible(page, 'the menu of the clock')
    await page.getByRole('menuitem', { name: 'To what comes next' }).click()
    await page.getByText('Succeeded').first().waitFor()
    await page.getByRole('button', { name: /^Clock: .*(2 h|1 h 59 min) ahead of the machine/ }).waitFor()
  })
  const moved = (await clock()).now_at - then.now_at
  assert.ok(moved >= 7_190_000 && moved < 7_260_000, `it moved by ${moved} ms`)
})

test('a day passes at a click, and the top bar says so', async (t) => {
  const then = await clock()
  await withPage(browser, `${system.endpoint}/executions`, t, LAPTOP, async (page) => {
    await page.getByRole('button', { name: /^Clock: / }).click()
    await page.getByRole('menuitem', { name: 'One day on' }).click()
    await page.getByRole('button', { name: /^Clock: .*1 d 2 h ahead of the machine/ }).waitFor()
    // What began today by the machine's clock began yesterday by the service's: its day is shown.
    await page.getByRole('cell', { name: /^\d{1,2} \w{3}, \d\d:\d\d/ }).waitFor()
  })
  const moved = (await clock()).now_at - then.now_at
  assert.ok(moved >= 86_400_000 && moved < 86_460_000, `it moved by ${moved} ms`)
})
