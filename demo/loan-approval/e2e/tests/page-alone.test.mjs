/** What the real system does not do on demand. Always against the mock API, whatever the environment names. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { launchBrowser, withPage } from '../support/browser.mjs'
import { OUTCOME_TIMEOUT } from '../support/loan-page.mjs'
import { startPageAlone } from '../support/system.mjs'

/** Milliseconds; longer than the time between two status reads, so that the page sees a replay from the inside. */
const REPLAY_PAUSE = 800

// Each step takes longer than the page needs to ask for it twice.
const PACE = 1

let system
let browser

before(async () => {
  system = await startPageAlone({ replayPause: REPLAY_PAUSE, pace: PACE })
  browser = await launchBrowser()
})
after(async () => {
  await browser?.close()
  await system?.close()
})

const page = (name, test) => it(name, (t) => withPage(browser, system, t, {}, test))

describe('the page alone', () => {
  page('a failed application shows the cause and what to do', async (loan) => {
    await loan.profile('Bob Martinez').click()
    await loan.field('SIN, last 4 digits').fill('0000')
    await loan.submitButton.click()
    await loan.waitForResult('Failed')
    assert.match(await loan.result.innerText(), /equifax did not answer after 3 attempts/)
    assert.match(await loan.result.innerText(), /lambdura show/)
    await loan.step('Credit check').getByText('Failed here').waitFor()
    await loan.step('Complete').getByText('Not reached').waitFor()
  })

  page('each step is seen while it runs, and the fraud check while it is suspended', async (loan) => {
    await loan.apply('Charlie Wilson')
    for (const label of ['Validation', 'Credit check', 'Risk assessment']) {
      await loan.step(label).getByText('Running', { exact: true }).waitFor({ state: 'attached' })
    }
    await loan.state.getByText('Waiting for the fraud check').waitFor()
    await loan.step('Fraud check').getByText('Suspended', { exact: true }).waitFor()
    await loan.waitForResult('Approved')
  })

  page('a replay never takes the steps back or asks the manager twice', async (loan, browserPage) => {
    await loan.apply('Alice Johnson')
    await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })
    await browserPage.evaluate(() => {
      globalThis.seen = { backwards: 0, dialogs: 0, waitsAgain: 0, last: 0 }
      let waiting = true
      new MutationObserver((changes) => {
        const states = [...document.querySelectorAll('[aria-label="Workflow steps"] > li')].map((item) => item.textContent ?? '')
        const reached = states.filter((text) => !text.includes('Not started')).length
        if (reached < globalThis.seen.last) globalThis.seen.backwards += 1
        globalThis.seen.last = reached
        const waits = document.body.innerText.includes('Waiting for the manager')
        if (waits && !waiting) globalThis.seen.waitsAgain += 1
        waiting = waits
        globalThis.seen.dialogs += changes.flatMap((change) => [...change.addedNodes]).filter((node) => node.nodeName === 'DIALOG').length
      }).observe(document.body, { subtree: true, childList: true, characterData: true })
    })
    await loan.dialog.getByRole('button', { name: 'Approve' }).click()
    await loan.waitForResult('Approved')
    const seen = await browserPage.evaluate(() => globalThis.seen)
    assert.deepEqual(seen, { backwards: 0, dialogs: 0, waitsAgain: 0, last: 9 })
  })

  page('an API that dies and comes back in the middle', async (loan) => {
    await loan.apply('Alice Johnson')
    await loan.dialog.getByRole('button', { name: 'Decide later' }).click({ timeout: OUTCOME_TIMEOUT })
    await system.mock.down()
    await loan.banner.waitFor()
    await loan.state.getByText('Waiting for the manager').waitFor()
    await system.mock.up()
    await loan.banner.waitFor({ state: 'hidden' })
    await loan.state.getByText('Waiting for the manager').waitFor()
  })

  page('an API that answers nonsense is named, not believed', async (loan, browserPage) => {
    const nonsense = { status: 200, headers: { 'Access-Control-Allow-Origin': '*' }, contentType: 'application/json', body: '{"status":"lost"}' }
    await browserPage.route(`${system.apiUrl}/status/**`, (route) => route.fulfill(nonsense))
    await loan.apply('Bob Martinez')
    await loan.banner.getByText('unexpected `status`').waitFor()
    await browserPage.unroute(`${system.apiUrl}/status/**`)
    await loan.banner.waitFor({ state: 'hidden' })
    await loan.waitForResult('Denied')
  })

  page('a refused application says why and keeps the entries', async (loan, browserPage) => {
    const refusal = { status: 400, headers: { 'Access-Control-Allow-Origin': '*' }, contentType: 'application/json', body: '{"statusCode":400,"message":"loan_amount is too large"}' }
    await browserPage.route(`${system.apiUrl}/apply`, (route) => route.fulfill(refusal))
    await loan.apply('Bob Martinez')
    await browserPage.getByRole('alert').getByText('loan_amount is too large').waitFor()
    assert.equal(await loan.field('Full name').inputValue(), 'Bob Martinez')
  })
})
