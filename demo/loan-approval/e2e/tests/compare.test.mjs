/** The same application in both engines. Runs against the real system (`PAGE_URL`, `API_URL`) or the page alone. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { assertAccessible } from '../support/accessibility.mjs'
import { launchBrowser, withPage } from '../support/browser.mjs'
import { OUTCOME_TIMEOUT } from '../support/loan-page.mjs'
import { openSystem } from '../support/system.mjs'
import { until } from '../support/until.mjs'

const STAGE = { viewport: { width: 1280, height: 720 }, reducedMotion: 'reduce' }
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, reducedMotion: 'reduce' }
const ENGINES = ['Durable function', 'State machine']

let system
let browser

before(async () => {
  system = await openSystem()
  browser = await launchBrowser()
})
after(async () => {
  await browser?.close()
  await system?.close()
})

const compared = (name, test, options = STAGE) => it(name, (t) => withPage(browser, system, t, options, (loan, page) => test(loan, page, t)))

const lane = (page, engine) => page.getByRole('region', { name: engine, exact: true })

async function bothAre(page, phase) {
  for (const engine of ENGINES) await lane(page, engine).getByText(phase, { exact: true }).waitFor({ timeout: OUTCOME_TIMEOUT })
}

/** The two figures of a row. */
async function figures(page, row) {
  const found = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: row }) })
  return found.getByRole('cell').allInnerTexts()
}

/** What the orchestration of each is paid by. */
const units = (page) => figures(page, /^Operations or transitions/)

/** Picks a profile and submits it to both engines. */
async function applyToBoth(loan, page, name) {
  await loan.profile(name).click()
  await page.getByRole('radio', { name: 'Compare both' }).check()
  await page.getByRole('button', { name: 'Submit to both' }).click()
}

describe('both engines', { concurrency: Number(process.env.E2E_AT_ONCE ?? 3) }, () => {
  compared('Alice: asked once, approved twice, with the figures of both', async (loan, page, t) => {
    await applyToBoth(loan, page, 'Alice Johnson')
    await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })
    await assertAccessible(page, 'the question')
    await loan.dialog.getByRole('button', { name: 'Approve' }).click()
    await loan.dialog.waitFor({ state: 'hidden' })
    await bothAre(page, 'Approved')
    assert.equal(await loan.dialog.count(), 0, 'the manager is asked once')

    assert.deepEqual(await figures(page, /^Outcome/), ['Approved', 'Approved'])
    await until('the figures are there', async () => !(await figures(page, /^1,000,000 runs/)).includes('…'))
    const [operations, transitions] = await units(page)
    assert.match(operations, /^\d+ operations$/)
    assert.match(transitions, /^\d+ transitions$/)
    for (const price of await figures(page, /^1,000,000 runs/)) assert.match(price, /^\$\d+\.\d\d$/)
    const [flow, definition] = await figures(page, /^Lines that say the flow/)
    assert.match(flow, /^\d+ in workflow\.rs$/)
    assert.match(definition, /^\d+ in loan\.asl\.json$/)
    if (!system.mock) {
      // The last invocation is recorded a moment after the end. Who is answered before it has suspended, is not invoked again.
      await until('all invocations are counted', async () => /^[123],9$/.test(String(await figures(page, /^Invocations/))))
      // What the page said at the end may lack the last state.
      await until('18 operations and 13 transitions are counted', async () => String(await units(page)) === '18 operations,13 transitions')
    }
    await page.getByText('+    "CoolOff": {').waitFor()
    await page.getByText(/^AWS’s list prices/).click()
    await page.getByText(/A state transition is/).waitFor()
    await assertAccessible(page, 'the comparison')
    t.diagnostic(`${operations}, ${transitions}`)
  })

  compared('Alice: the manager decides later, and denies both', async (loan, page) => {
    await applyToBoth(loan, page, 'Alice Johnson')
    await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })
    await loan.dialog.getByRole('button', { name: 'Decide later' }).click()
    await page.getByRole('button', { name: 'Review and decide' }).click()
    await loan.dialog.getByRole('button', { name: 'Deny' }).click()
    await bothAre(page, 'Denied')
  })

  compared('goes on after a reload, and a new application starts on the form', async (loan, page) => {
    await applyToBoth(loan, page, 'Charlie Wilson')
    await page.getByRole('heading', { name: 'Charlie Wilson, $25,000, twice' }).waitFor()
    await page.reload()
    await bothAre(page, 'Approved')
    await loan.newButton.click()
    await loan.submitOrCompare.waitFor()
    assert.equal(new URL(page.url()).search, '')
    assert.equal(await page.getByRole('radio', { name: 'Compare both' }).isChecked(), true, 'the choice is remembered')
  })

  compared('works by the keyboard alone', async (loan, page) => {
    await loan.profile('Bob Martinez').focus()
    await page.keyboard.press('Enter')
    await page.getByRole('radio', { name: 'Durable function' }).focus()
    await page.keyboard.press('ArrowRight')
    assert.equal(await page.getByRole('radio', { name: 'State machine' }).isChecked(), true)
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await bothAre(page, 'Denied')
    assert.equal(await page.locator(':focus').innerText(), 'Bob Martinez, $50,000, twice')
  })

  compared('a state machine alone is an application like any other', async (loan, page) => {
    await loan.profile('Charlie Wilson').click()
    await page.getByRole('radio', { name: 'State machine' }).check()
    await loan.submitButton.click()
    await page.getByText('Carried by the state machine').waitFor({ timeout: OUTCOME_TIMEOUT })
    await loan.waitForResult('Approved')
  })

  compared(
    'fits a phone without sideways scrolling',
    async (loan, page) => {
      await assertAccessible(page, 'the form')
      await applyToBoth(loan, page, 'Bob Martinez')
      await bothAre(page, 'Denied')
      const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
      assert.ok(wide <= seen, `${wide} pixels in ${seen}`)
      await assertAccessible(page, 'the comparison on a phone')
    },
    PHONE,
  )
})
