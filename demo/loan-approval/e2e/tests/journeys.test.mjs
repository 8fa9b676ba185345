/** What a person does with the demo. Runs against the real system (`PAGE_URL`, `API_URL`) or the page alone. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { launchBrowser, PHONE, withPage } from '../support/browser.mjs'
import { OUTCOME_TIMEOUT } from '../support/loan-page.mjs'
import { openSystem } from '../support/system.mjs'
import { until } from '../support/until.mjs'

const SUSPENDED = 'Suspended: holds no process, zero compute'

/** Journeys mostly wait for the workflow, so a few at a time cost little. */
const AT_ONCE = Number(process.env.E2E_AT_ONCE ?? 3)

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

const journey = (name, test, options = {}) => it(name, (t) => withPage(browser, system, t, options, (loan, page) => test(loan, page, t)))

async function stepStates(loan) {
  const items = await loan.page.getByRole('list', { name: 'Workflow steps' }).getByRole('listitem').allInnerTexts()
  return items.map((text) => ['Skipped', 'Not reached', 'Denied here', 'Failed here', 'Suspended', 'Running', 'Done', 'Not started'].find((state) => text.includes(state)))
}

const all = (count, state) => Array.from({ length: count }, () => state)

function assertMoney(text) {
  assert.match(text, /^\$[\d,]+\.\d\d$/)
  assert.ok(Number(text.replaceAll(/[$,]/g, '')) > 0, `${text} is above zero`)
}

/** Sends the decision past the page, as another manager would. */
async function decideElsewhere(id, decision) {
  const response = await fetch(`${system.apiUrl}/approve/${id}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(decision) })
  assert.equal(response.status, 200, `POST /approve answered ${response.status}: ${await response.text()}`)
}

describe('the three profiles', { concurrency: AT_ONCE }, () => {
  journey('Alice, 150,000: approved after the manager approves', async (loan, page) => {
    await loan.apply('Alice Johnson')
    await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })
    assert.match(await loan.dialog.innerText(), /Alice Johnson asks for \$150,000/)
    await loan.dialog.getByText(SUSPENDED).waitFor()
    await loan.dialog.getByRole('button', { name: 'Approve' }).click()
    await loan.dialog.waitFor({ state: 'hidden' })
    await loan.waitForResult('Approved')

    assert.equal(await loan.term('Loan amount').innerText(), '$150,000')
    assert.equal(await loan.term('Term').innerText(), '60 months')
    assert.match(await loan.term('Annual rate').innerText(), /^\d+\.\d\d%$/)
    assertMoney(await loan.term('Monthly payment').innerText())
    assert.notEqual(await loan.term('Offer').innerText(), '')
    assert.notEqual(await loan.term('Disbursement').innerText(), '')
    assert.deepEqual(await stepStates(loan), all(9, 'Done'))
    assert.match(loan.applicationId() ?? '', /^LOAN-\d+-[A-Z0-9]{4}$/)

    // Both suspensions end in a replay, and the log tells those entries from the first ones.
    const replayed = loan.log.getByText('[REPLAY]')
    assert.ok((await replayed.count()) > 0, 'the log shows replayed entries')
    assert.doesNotMatch(await loan.log.innerText(), /\[REPLAY\]\s*\[REPLAY\]/)
    await loan.step('Validation').getByText(/^replayed/).waitFor()
    await page.getByRole('status', { name: 'Application status' }).getByText('Approved.').waitFor()
  })

  journey('Alice, 150,000: denied with the typed reason', async (loan) => {
    const reason = 'Too much for <b>one</b> year & “no” collateral'
    await loan.apply('Alice Johnson')
    await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })
    await loan.dialog.getByLabel('Reason for a denial').fill(reason)
    await loan.dialog.getByRole('button', { name: 'Deny' }).click()
    await loan.waitForResult('Denied')
    await loan.result.getByText(reason, { exact: true }).waitFor()
    assert.deepEqual(await stepStates(loan), [...all(4, 'Done'), 'Denied here', ...all(4, 'Not reached')])
  })

  journey('Alice, 150,000: denied without a word gets the default reason', async (loan) => {
    await loan.apply('Alice Johnson')
    await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })
    await loan.dialog.getByRole('button', { name: 'Deny' }).click()
    await loan.waitForResult('Denied')
    await loan.result.getByText('Manager denied the application', { exact: true }).waitFor()
  })

  journey('Bob, 50,000: denied by the scores', async (loan) => {
    await loan.apply('Bob Martinez')
    await loan.waitForResult('Denied')
    assert.notEqual(await loan.term('Risk tier').innerText(), '')
    assert.match(await loan.term('Average score').innerText(), /^\d{3}\.\d$/)
    assert.deepEqual(await stepStates(loan), [...all(3, 'Done'), 'Denied here', ...all(5, 'Not reached')])
    assert.equal(await loan.dialog.count(), 0)
  })

  journey('Charlie, 25,000: approved without a manager', async (loan) => {
    await loan.apply('Charlie Wilson')
    await loan.waitForResult('Approved')
    assert.equal(await loan.term('Loan amount').innerText(), '$25,000')
    assert.deepEqual(await stepStates(loan), [...all(4, 'Done'), 'Skipped', ...all(4, 'Done')])
  })

  journey('Charlie, 25,001: denied', async (loan) => {
    await loan.apply('Charlie Wilson', '25,001')
    await loan.waitForResult('Denied')
    await loan.page.getByText('$25,001', { exact: true }).waitFor()
  })
})

describe('the form', () => {
  journey('says what to correct, goes to the first mistake and sends nothing', async (loan, page) => {
    const sent = []
    page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()))
    await loan.submitButton.click()
    for (const message of ['Enter the full name.', 'Enter the address.', 'Enter a phone number.', 'Enter the last four digits of the SIN.', 'Enter the amount.']) {
      await page.getByText(message, { exact: true }).waitFor()
    }
    assert.equal(await loan.field('Full name').evaluate((field) => field === document.activeElement), true)

    await loan.profile('Charlie Wilson').click()
    assert.equal(await page.getByText('Enter the full name.').count(), 0)
    assert.equal(await loan.field('SIN, last 4 digits').inputValue(), '3333')
    await loan.field('SIN, last 4 digits').fill('33a')
    await loan.field('Loan amount').fill('0')
    await loan.submitButton.click()
    await page.getByText('Enter exactly four digits.').waitFor()
    await page.getByText('Enter an amount above $0.').waitFor()
    assert.equal(await loan.field('SIN, last 4 digits').getAttribute('aria-invalid'), 'true')
    assert.deepEqual(sent, [])

    await loan.field('SIN, last 4 digits').fill('3333')
    assert.equal(await page.getByText('Enter exactly four digits.').count(), 0)
  })
})

describe('an open application', { concurrency: AT_ONCE }, () => {
  journey('continues after a reload, and a new one starts without', async (loan, page) => {
    await loan.apply('Charlie Wilson', '25,001')
    await loan.step('Submitted').waitFor()
    await until('the id is in the address', () => loan.applicationId())
    const id = loan.applicationId()
    await page.reload()
    await page.getByText(id, { exact: true }).waitFor()
    await loan.waitForResult('Denied')

    await page.evaluate(() => {
      globalThis.notReloaded = true
    })
    await loan.newButton.click()
    await loan.submitButton.waitFor()
    assert.equal(loan.applicationId(), null)
    assert.equal(await loan.field('Full name').inputValue(), '')
    await loan.apply('Bob Martinez')
    await loan.waitForResult('Denied')
    assert.notEqual(loan.applicationId(), id)
    assert.equal(await page.evaluate(() => globalThis.notReloaded), true)

    await page.goBack()
    await page.goBack()
    await page.getByText(id, { exact: true }).waitFor()
  })

  journey('that nobody knows is said to be unknown', async (loan, page) => {
    await page.goto(`${system.pageUrl}/?application=LOAN-1-NONE`)
    await page.getByRole('heading', { name: 'Unknown application' }).waitFor()
    await loan.newButton.click()
    await loan.submitButton.waitFor()
  })

  journey('leads to its execution in the console', async (loan, page) => {
    // The page alone has no console to lead to.
    if (system.mock !== null) return
    await loan.apply('Bob Martinez')
    const link = page.getByRole('link', { name: 'Open the execution' })
    await link.waitFor()
    const address = new URL(await link.getAttribute('href'))
    assert.equal(address.pathname, `/functions/LoanWorkflowFunction/executions/${loan.applicationId()}`)
    const [opened] = await Promise.all([page.context().waitForEvent('page'), link.click()])
    await opened.getByRole('heading', { name: loan.applicationId(), level: 1 }).waitFor()
    await opened.waitForURL(/\/executions\/[0-9a-f-]{36}/)
    await opened.getByRole('tab', { name: 'Timeline' }).waitFor()
  })

  journey('hides and shows its log, and remembers which', async (loan, page) => {
    await loan.apply('Bob Martinez')
    const toggle = page.getByRole('switch', { name: 'Show log' })
    await loan.log.getByText('submitted', { exact: true }).first().waitFor()
    await toggle.click()
    assert.equal(await toggle.getAttribute('aria-checked'), 'false')
    await loan.log.waitFor({ state: 'hidden' })
    await page.reload()
    await toggle.waitFor()
    assert.equal(await toggle.getAttribute('aria-checked'), 'false')
    await toggle.click()
    await loan.log.waitFor()
  })
})

describe('the manager', { concurrency: AT_ONCE }, () => {
  journey('cannot lose the question with Esc, and can decide later, even after a reload', async (loan, page) => {
    await loan.apply('Alice Johnson')
    await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })
    // Twice: browsers let a second Esc through where only the first one is caught.
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await loan.dialog.getByText('The decision is still open.').waitFor()

    await loan.dialog.getByRole('button', { name: 'Decide later' }).click()
    await loan.dialog.waitFor({ state: 'hidden' })
    await loan.state.getByText(SUSPENDED).waitFor()
    await loan.step('Manager approval').getByText(SUSPENDED).waitFor()
    await page.reload()
    await loan.dialog.getByRole('button', { name: 'Decide later' }).click()
    await page.getByRole('button', { name: 'Review and decide' }).click()
    await loan.dialog.getByRole('button', { name: 'Deny' }).click()
    await loan.waitForResult('Denied')
  })

  journey('who comes second is told so, and the first decision holds', async (loan, page) => {
    await loan.apply('Alice Johnson')
    await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })
    // The page must not learn of the first decision before the second is made: its status reads have to wait.
    let held = 0
    let release
    const released = new Promise((resolve) => (release = resolve))
    await page.route(`${system.apiUrl}/status/**`, async (route) => {
      held += 1
      await released
      await route.continue()
    })
    await until('a status read is held back', () => held > 0)
    await decideElsewhere(loan.applicationId(), { approved: false, reason: 'The first manager said no' })
    await loan.dialog.getByRole('button', { name: 'Approve' }).click()
    await page.getByText('yours was not counted').waitFor()
    await loan.dialog.waitFor({ state: 'hidden' })
    release()
    await loan.waitForResult('Denied')
    await loan.result.getByText('The first manager said no', { exact: true }).waitFor()
  })

  journey('keeps the question when the decision does not get through', async (loan, page) => {
    await loan.apply('Alice Johnson')
    await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })
    await page.route(`${system.apiUrl}/approve/**`, (route) => route.abort('connectionrefused'))
    await loan.dialog.getByLabel('Reason for a denial').fill('Kept while the API was away')
    await loan.dialog.getByRole('button', { name: 'Deny' }).click()
    await loan.dialog.getByRole('alert').getByText('The decision was not recorded.').waitFor()
    await page.unroute(`${system.apiUrl}/approve/**`)
    await loan.dialog.getByRole('button', { name: 'Deny' }).click()
    await loan.waitForResult('Denied')
    await loan.result.getByText('Kept while the API was away', { exact: true }).waitFor()
  })
})

describe('an API that is down', () => {
  journey('is announced with what to run, and everything continues when it is back', async (loan, page) => {
    const cut = () => page.route(`${system.apiUrl}/**`, (route) => route.abort('connectionrefused'))
    const mend = () => page.unroute(`${system.apiUrl}/**`)

    await cut()
    await page.reload()
    await loan.banner.waitFor()
    assert.match(await loan.banner.innerText(), /lambdura demo/)
    assert.match(await loan.banner.innerText(), /lambdura up/)
    await loan.apply('Bob Martinez')
    await page.getByText('Your entries are kept').waitFor()
    assert.equal(await loan.field('Full name').inputValue(), 'Bob Martinez')

    await mend()
    await loan.banner.waitFor({ state: 'hidden' })
    // Whoever waits for a manager is still under way when the API goes down, however fast the machine is.
    await loan.apply('Alice Johnson')
    await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })
    await loan.dialog.getByRole('button', { name: 'Decide later' }).click()

    await cut()
    await loan.banner.getByText('The application is safe').waitFor()
    await mend()
    await loan.banner.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Review and decide' }).click()
    await loan.dialog.getByRole('button', { name: 'Deny' }).click()
    await loan.waitForResult('Denied')
  })
})

describe('a keyboard', () => {
  journey('is enough to apply, approve and begin anew', async (loan, page) => {
    await tabTo(page, loan.profile('Alice Johnson'))
    await page.keyboard.press('Enter')
    await tabTo(page, loan.submitButton)
    await page.keyboard.press('Enter')
    await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })

    // An Enter that comes a moment too late must decide nothing.
    await page.keyboard.press('Enter')
    await loan.dialog.waitFor()
    // Focus goes round inside the dialog, never to the page behind it.
    for (let press = 0; press < 8; press += 1) {
      await page.keyboard.press('Tab')
      const outside = await page.evaluate(() => document.activeElement !== document.body && document.activeElement?.closest('dialog') === null)
      assert.equal(outside, false, `Tab number ${press + 1} left the dialog`)
    }
    await tabTo(page, loan.dialog.getByRole('button', { name: 'Approve' }))
    await page.keyboard.press('Space')
    await loan.waitForResult('Approved')
    await tabTo(page, loan.newButton)
    await page.keyboard.press('Enter')
    await loan.submitButton.waitFor()
    const heading = page.getByRole('heading', { name: 'New application' })
    await until('the form’s heading has the focus', () => heading.evaluate((element) => element === document.activeElement))
  })
})

async function tabTo(page, target) {
  for (let press = 0; press < 40; press += 1) {
    await page.keyboard.press('Tab')
    if (await target.evaluate((element) => element === document.activeElement)) return
  }
  const stuck = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 120))
  throw new Error(`forty Tabs did not reach ${target}; the focus is at ${stuck}`)
}

describe('every screen', { concurrency: AT_ONCE }, () => {
  journey(
    'fits a phone of 360 pixels without sideways scrolling',
    async (loan, page) => {
      const fits = async (where) => {
        const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
        assert.ok(content <= window, `${where}: the content is ${content} wide, the window ${window}`)
      }
      await fits('the form')
      await loan.submitButton.click()
      await page.getByText('Enter the full name.').waitFor()
      await fits('the form with errors')
      await loan.apply('Alice Johnson')
      await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })
      await fits('the dialog')
      for (const name of ['Approve', 'Deny', 'Decide later']) {
        const box = await loan.dialog.getByRole('button', { name }).boundingBox()
        // Rounded: 44 pixels are laid out as 43.99997 where the dialog stands between two pixels.
        assert.ok(box && box.x >= 0 && box.x + box.width <= 360 && Math.round(box.height) >= 44, `${name} can be tapped: ${JSON.stringify(box)}`)
      }
      await loan.dialog.getByLabel('Reason for a denial').fill(`A${'a'.repeat(200)}ny word without a break`)
      await loan.dialog.getByRole('button', { name: 'Deny' }).click()
      await loan.waitForResult('Denied')
      await fits('the result')
    },
    PHONE,
  )

  journey(
    'follows the system into the dark, and the toggle out of it',
    async (loan, page) => {
      const brightness = () =>
        page.evaluate(() => {
          const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).map(Number)
          return (red + green + blue) / 3
        })
      assert.ok((await brightness()) < 60, `dark at first: ${await brightness()}`)
      await page.getByRole('button', { name: 'Switch to light theme' }).click()
      assert.ok((await brightness()) > 200, `light after the toggle: ${await brightness()}`)
      await page.reload()
      await page.getByRole('button', { name: 'Switch to dark theme' }).waitFor()
      assert.ok((await brightness()) > 200, `still light after a reload: ${await brightness()}`)
    },
    { colorScheme: 'dark' },
  )

  journey(
    'stands still for those who asked for less motion',
    async (loan, page) => {
      await loan.apply('Bob Martinez')
      await loan.step('Submitted').waitFor()
      const moving = await page.evaluate(() => document.getAnimations().filter((animation) => animation.playState === 'running').length)
      assert.equal(moving, 0)
    },
    { reducedMotion: 'reduce' },
  )
})

describe('the status', () => {
  journey('is on the page soon after its change', async (loan, page, t) => {
    await loan.apply('Alice Johnson')
    await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })
    const id = loan.applicationId()
    await decideElsewhere(id, { approved: false, reason: 'A matter of time' })
    await until('the API says denied', async () => (await (await fetch(`${system.apiUrl}/status/${id}`)).json()).status === 'denied', OUTCOME_TIMEOUT)
    const changed = performance.now()
    await loan.result.getByText('A matter of time').waitFor({ timeout: OUTCOME_TIMEOUT })
    t.diagnostic(`shown ${Math.round(performance.now() - changed)} ms after the API said so`)
  })
})
