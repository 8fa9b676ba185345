/** The button that kills the server, on the demo as `lambdura demo` starts it (`LAMBDURA_BIN`); without it, on the page alone. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { assertAccessible } from '../support/accessibility.mjs'
import { launchBrowser, withPage } from '../support/browser.mjs'
import { startDemo } from '../support/demo.mjs'
import { OUTCOME_TIMEOUT } from '../support/loan-page.mjs'
import { startPageAlone } from '../support/system.mjs'
import { until } from '../support/until.mjs'

const STAGE = { viewport: { width: 1280, height: 720 }, reducedMotion: 'reduce' }
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, reducedMotion: 'reduce' }
const ENGINES = ['Durable function', 'State machine']

let browser

before(async () => {
  browser = await launchBrowser()
})
after(() => browser?.close())

const button = (page) => page.getByRole('button', { name: 'Kill the server' })
const kills = (page) => page.getByRole('region', { name: 'Kills of the server' }).getByRole('listitem')
const lane = (page, engine) => page.getByRole('region', { name: engine, exact: true })

async function applyToBoth(loan, page, name) {
  await loan.profile(name).click()
  await page.getByRole('radio', { name: 'Compare both' }).check()
  await page.getByRole('button', { name: 'Submit to both' }).click()
}

/** Presses the button, and waits for the server to be back: what the page said of it. */
async function kill(page, before) {
  await button(page).click()
  const newest = kills(page).first()
  await until('the page says that it is back', async () => (await kills(page).count()) > before && /The server is back as process \d+\./.test(await newest.innerText()))
  const text = await newest.innerText()
  const [, killed, next] = /kill -9 (\d+)[^]*as process (\d+)/.exec(text)
  assert.notEqual(killed, next)
  return { text, killed: Number(killed), next: Number(next) }
}

describe('where the page is served by somebody else', () => {
  let alone
  before(async () => {
    alone = await startPageAlone()
  })
  after(() => alone?.close())

  it('there is no button', (t) =>
    withPage(browser, alone, t, STAGE, async (loan, page) => {
      await applyToBoth(loan, page, 'Alice Johnson')
      await page.getByText('has a button for it').waitFor()
      assert.equal(await button(page).count(), 0)
    }))
})

describe('the demo’s own server', { skip: process.env.LAMBDURA_BIN ? false : 'LAMBDURA_BIN names no program' }, () => {
  let demo
  before(async () => {
    demo = await startDemo({ pace: 1 })
  })
  after(() => demo?.close())

  it('is killed in the middle of both, twice, and both go on to the same end', (t) =>
    withPage(browser, demo, t, STAGE, async (loan, page) => {
      await applyToBoth(loan, page, 'Alice Johnson')
      for (const engine of ENGINES) await lane(page, engine).getByText('Credit check', { exact: true }).waitFor({ timeout: OUTCOME_TIMEOUT })
      const first = await kill(page, 0)
      t.diagnostic(first.text.replaceAll('\n', ' '))
      assert.match(first.text, /Nobody answered for (\d+ ms|\d\.\d\d s)/)
      const told = await until('the new server says so', () => demo.ready().catch(() => null))
      assert.equal(told.pid, first.next, 'scripts are told the same process')
      await assertAccessible(page, 'a kill')

      await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })
      await loan.dialog.getByRole('button', { name: 'Decide later' }).click()
      const second = await kill(page, 1)
      assert.equal(second.killed, first.next)
      // Both wait for the manager: nothing was under way.
      await until('the second kill is counted for both', async () => ((await kills(page).first().innerText()).match(/nothing runs twice/g) ?? []).length === 2)

      await page.getByRole('button', { name: 'Review and decide' }).click()
      await loan.dialog.getByRole('button', { name: 'Approve' }).click()
      for (const engine of ENGINES) await lane(page, engine).getByText('Approved', { exact: true }).waitFor({ timeout: OUTCOME_TIMEOUT })
      await until('what the first kill cut off is counted', async () => /runs? once more/.test(await kills(page).last().innerText()))
      const counted = await kills(page).last().innerText()
      t.diagnostic(counted.replaceAll('\n', ' '))
      for (const engine of ENGINES) assert.match(counted, new RegExp(engine))
      assert.match(counted, /Its invocation was repeated\./)
      assert.equal(await button(page).count(), 0, 'nothing runs any more')
      await assertAccessible(page, 'both after two kills')
    }))

  it('is killed under one application, on a phone, and says so on its page', (t) =>
    withPage(browser, demo, t, PHONE, async (loan, page) => {
      await loan.apply('Charlie Wilson')
      await page.getByRole('region', { name: 'Current state' }).waitFor()
      await button(page).waitFor()
      const { text } = await kill(page, 0)
      t.diagnostic(text.replaceAll('\n', ' '))
      assert.equal(await loan.banner.count(), 0, 'it was asked for: that is no trouble')
      const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
      assert.ok(wide <= seen, `${wide} pixels in ${seen}`)
      await assertAccessible(page, 'a kill on a phone')
      await loan.waitForResult('Approved')
    }))

  it('a reload in the gap finds the page, which goes on by itself', (t) =>
    withPage(browser, demo, t, STAGE, async (loan, page) => {
      await applyToBoth(loan, page, 'Charlie Wilson')
      await button(page).click()
      await page.reload()
      for (const engine of ENGINES) await lane(page, engine).getByText('Approved', { exact: true }).waitFor({ timeout: OUTCOME_TIMEOUT })
    }))
})
