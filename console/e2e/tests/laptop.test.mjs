/** What is seen on a laptop, where things are: in sight, in its place, at its address, in people's words. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { until } from '../../../demo/loan-approval/e2e/support/until.mjs'
import { launchBrowser, withPage } from '../support/browser.mjs'
import { tells } from '../support/story.mjs'
import { startShowcase } from '../support/system.mjs'

const LAPTOPS = [
  { width: 1280, height: 720 },
  { width: 1440, height: 900 },
]

let browser
let system
let waiting

before(async () => {
  ;[browser, system] = await Promise.all([launchBrowser(), startShowcase()])
  waiting = await system.invoke({ scenario: 'callback', name: 'approval-of-the-regional-manager', timeout: 119 * 60 }, { name: 'refund-of-a-customer-with-a-long-name' })
  await system.invoke({ scenario: 'wait', seconds: 86_000 }, { name: 'reminder' })
  await system.invoke({ scenario: 'fail', message: 'the card was declined by a bank that explains itself at length' }, { name: 'declined' })
  await until('it waits for its callback', async () => (await system.execution(waiting)).activity?.kind === 'WAITING')
})
after(() => Promise.all([browser?.close(), system?.close()]))

const journey = (name, path, run, options = {}) => test(name, (t) => withPage(browser, system.endpoint + (typeof path === 'function' ? path() : path), t, { viewport: LAPTOPS[0], ...options }, run))

/** Fails if an element is not in sight as the page is, and within whatever cuts off what lies beside it. */
async function assertInSight(locator, what) {
  await locator.waitFor()
  const cut = await locator.evaluate((element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect()
    for (let around = element.parentElement; around !== null; around = around.parentElement) {
      if (getComputedStyle(around).overflowX === 'visible') continue
      const box = around.getBoundingClientRect()
      if (left < box.left - 1 || right > box.right + 1) return `${Math.round(left)} to ${Math.round(right)} within ${Math.round(box.left)} to ${Math.round(box.right)}`
    }
    return right <= window.innerWidth && top >= 0 && bottom <= window.innerHeight ? null : `${Math.round(right)}, ${Math.round(bottom)} in a window of ${window.innerWidth} by ${window.innerHeight}`
  })
  assert.equal(cut, null, `${what} is out of sight: ${cut}`)
}

/** Lets no answer through before `release`. */
async function hold(page, pattern) {
  let release
  const released = new Promise((resolve) => {
    release = resolve
  })
  await page.route(pattern, async (route) => {
    await released
    await route.continue()
  })
  return release
}

/** What of the page is wider than the room that it has, so that it scrolls sideways. */
const scrolling = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('html, main *')]
      .filter((element) => element.scrollWidth > element.clientWidth + 1 && (element === document.documentElement || ['auto', 'scroll'].includes(getComputedStyle(element).overflowX)))
      .map((element) => `${element.tagName} ${String(element.className).slice(0, 60)}: ${element.scrollWidth} in ${element.clientWidth}`),
  )

for (const viewport of LAPTOPS) {
  describe(`at ${viewport.width} pixels`, () => {
    journey(
      'the list shows what each execution is at',
      '/executions',
      async (page) => {
        await assertInSight(page.getByRole('columnheader', { name: 'What it is at' }), 'the column')
        const row = page.getByRole('row').filter({ hasText: 'reminder' })
        await assertInSight(row.getByText(/^in 23 h/), 'when it goes on')
        await assertInSight(page.getByRole('row').filter({ hasText: 'refund-of' }).locator('.activity'), 'what is waited for')
        assert.deepEqual(await scrolling(page), [])
      },
      { viewport },
    )

    journey(
      'the callbacks are answered without scrolling',
      '/waiting',
      async (page) => {
        for (const name of [/^Succeed /, /^Fail /, /^Send a heartbeat to /]) await assertInSight(page.getByRole('button', { name }).first(), String(name))
        assert.deepEqual(await scrolling(page), [])
      },
      { viewport },
    )

    journey(
      'no table scrolls sideways, and an execution begins above the fold',
      '/functions',
      async (page) => {
        await page.getByRole('link', { name: 'OrderFunction', exact: true }).waitFor()
        assert.deepEqual(await scrolling(page), [], 'functions')
        await page.goto(`${system.endpoint}/executions/${waiting}?tab=operations`)
        await page.getByRole('columnheader', { name: 'Attempts' }).waitFor()
        assert.deepEqual(await scrolling(page), [], 'operations')
        await page.goto(`${system.endpoint}/executions/${waiting}`)
        await assertInSight(page.getByRole('treegrid').getByRole('row').first(), 'the first operation')
      },
      { viewport },
    )
  })
}

describe('a step in the middle of which the server dies', () => {
  test('is shown as run twice, and not as replay', async (t) => {
    const id = await system.invoke({ scenario: 'steps', count: 2, millis: 4_000 }, { name: `cut-off-${Date.now()}` })
    const started = async () => (await (await fetch(`${system.endpoint}/lambdura/v1/executions/${id}/events`)).json()).events.some(({ EventType }) => EventType === 'StepStarted')
    await until('its first step has begun', started)
    await system.crash()
    await withPage(browser, `${system.endpoint}/executions/${id}`, t, { viewport: LAPTOPS[0] }, async (page) => {
      const story = page.getByRole('list', { name: 'Invocations' }).getByRole('listitem')
      // While it runs again, and afterwards.
      for (const _ of ['live', 'ended']) {
        await until('both invocations are told', async () => (await story.count()) === 2)
        await tells(story, 1, /cut off: the server stopped/)
        await tells(story, 2, /The server was back.*replayed 0 operations.*ran step-0 again/s)
        const row = page.getByRole('row').filter({ hasText: 'step-0' })
        await row.getByText('run twice').waitFor()
        await system.ended(id)
        await story.nth(1).getByText('finished').waitFor()
      }
      const row = page.getByRole('row').filter({ hasText: 'step-0' })
      assert.equal(await row.locator('.bar-cut').count(), 1)
      assert.equal(await row.locator('.bar-work').count(), 1)
      assert.equal(await page.locator('.invocation-replayed').nth(1).evaluate((element) => element.getBoundingClientRect().width), 0, 'nothing of the second invocation is replay')
      await row.click()
      await page.getByRole('complementary', { name: 'Selected operation' }).getByText('ran twice').waitFor()
      // AWS's own face tells it as AWS does.
      const { arn } = await system.execution(id)
      const { Events: events } = await (await fetch(`${system.endpoint}/2025-12-01/durable-executions/${encodeURIComponent(arn)}/history`)).json()
      assert.deepEqual(
        events.map(({ EventType }) => EventType),
        ['ExecutionStarted', 'StepStarted', 'InvocationCompleted', 'StepSucceeded', 'StepStarted', 'StepSucceeded', 'InvocationCompleted', 'ExecutionSucceeded'],
      )
    })
  })
})

describe('a value that an SDK has put into an envelope', () => {
  journey('is shown without it, and as it was recorded on a click', () => `/executions/${waiting}`, async (page) => {
    const id = await system.invoke({ scenario: 'callback', name: 'verdict' })
    const { callbacks } = await until('it waits', async () => {
      const open = await (await fetch(`${system.endpoint}/lambdura/v1/callbacks`)).json()
      return open.callbacks.some(({ execution_id }) => execution_id === id) ? open : null
    })
    const { callback_id: callback } = callbacks.find(({ execution_id }) => execution_id === id)
    const envelope = JSON.stringify({ t: 'm', v: { approved: { t: 'b', v: true }, total: { t: 'd', v: '129.90' } } })
    const answer = await fetch(`${system.endpoint}/2025-12-01/durable-execution-callbacks/${encodeURIComponent(callback)}/succeed`, { method: 'POST', body: envelope })
    assert.ok(answer.ok, await answer.text())
    await system.ended(id)
    await page.goto(`${system.endpoint}/executions/${id}?tab=operations`)
    await page.getByRole('row').filter({ hasText: 'Callback' }).first().click()
    const panel = page.getByRole('complementary', { name: 'Selected operation' })
    const result = panel.getByRole('region', { name: 'Result' })
    await result.getByText('"129.90"').waitFor()
    assert.equal(await result.innerText().then((text) => text.replaceAll(/\s+/g, ' ').trim()), '▾{ 2 } approved: true total: "129.90" decimal')
    await panel.getByRole('button', { name: 'Raw' }).last().click()
    await result.getByText('"t": "m"').waitFor()
  })
})

describe('an address', () => {
  for (const path of ['/executoins', '/executions/a/b', '/lambdura/v1/nothing']) {
    journey(`of nothing says so, with a way back: ${path}`, '/waiting', async (page) => {
      await page.goto(system.endpoint + path)
      await page.getByRole('heading', { name: 'There is no such page', level: 1 }).waitFor()
      await page.getByText(path).waitFor()
      await page.getByRole('button', { name: 'Back' }).click()
      await page.waitForURL(/\/waiting$/)
      await page.goForward()
      await page.getByRole('link', { name: 'To the executions' }).click()
      await page.getByRole('heading', { name: /^Executions/, level: 1 }).waitFor()
    })
  }

  journey('of an execution or a function that is not there says so, with a way on', '/executions/nobody', async (page) => {
    await page.getByText('There is no such execution').waitFor()
    await page.getByRole('link', { name: 'See all executions' }).click()
    await page.waitForURL(/\/executions$/)
    await page.goto(`${system.endpoint}/functions/Nobody`)
    await page.getByText('There is no such function').waitFor()
    await page.getByRole('link', { name: 'See all functions' }).click()
    await page.waitForURL(/\/functions$/)
  })

  for (const [of, path, tabs] of [
    ['an execution', () => `/executions/${waiting}`, ['Operations', 'Events', 'Logs', 'Trace', 'Input and result', 'Cost']],
    ['a function', () => '/functions/OrderFunction', ['Monitoring', 'Logs', 'Invoke']],
  ]) {
    journey(`of ${of} names the tab: it can be linked to, reloaded and gone back from`, path, async (page) => {
      const isShown = (name) => until(`${name} is shown`, async () => (await page.getByRole('tab', { name, exact: true }).getAttribute('aria-selected')) === 'true')
      const passed = []
      for (const name of tabs) {
        const tab = page.getByRole('tab', { name, exact: true })
        await tab.waitFor()
        const link = await tab.getAttribute('href')
        await tab.click()
        await page.waitForURL((url) => url.pathname + url.search === link)
        passed.push([name, page.url()])
      }
      await page.reload()
      await isShown(tabs.at(-1))
      for (const [name, url] of passed.slice(0, -1).toReversed()) {
        await page.goBack()
        await page.waitForURL(url)
        await isShown(name)
      }
    })
  }
})

describe('a page that is being read', () => {
  const EMPTY = /No executions yet|No operations|Nothing recorded yet|No functions|Nobody is waited for|Nothing comes due|Nothing written yet/

  for (const [name, path, pattern, text] of [
    ['the list', () => '/executions', '**/executions/live*', 'reminder'],
    ['an execution', () => `/executions/${waiting}`, '**/live*', 'approval-of-the-regional-manager'],
    ['the callbacks', () => '/waiting', /\/v1\/(callbacks|timers)/, 'refund-of-a-customer-with-a-long-name'],
    ['the functions', () => '/functions', '**/v1/functions', 'OrderFunction'],
  ]) {
    journey(`never says that there is nothing: ${name}`, '/system', async (page) => {
      const release = await hold(page, pattern)
      const asked = page.waitForRequest(pattern)
      await page.goto(system.endpoint + path())
      await asked
      await page.getByRole('navigation').first().waitFor()
      // What the page says from here on, until it has been answered.
      await page.evaluate(() => {
        window.said = [document.body.innerText]
        new MutationObserver(() => window.said.push(document.body.innerText)).observe(document.body, { childList: true, subtree: true, characterData: true })
      })
      release()
      await page.getByText(text).first().waitFor()
      const said = await page.evaluate(() => window.said)
      assert.deepEqual(
        said.filter((it) => EMPTY.test(it)),
        [],
      )
    })
  }

  journey('keeps the rows of the last filter until those of the next one are there', '/executions', async (page) => {
    const rows = page.getByRole('table').getByRole('link')
    await page.getByText('reminder').first().waitFor()
    await page.evaluate(() => {
      window.fewest = Number.POSITIVE_INFINITY
      new MutationObserver(() => {
        window.fewest = Math.min(window.fewest, document.querySelectorAll('table a').length)
      }).observe(document.body, { childList: true, subtree: true })
    })
    await page.getByRole('list', { name: 'Executions by status' }).getByRole('button', { name: /Failed/ }).click()
    await until('only what failed is shown', async () => (await rows.count()) === 1 && (await page.getByText('declined').count()) > 0)
    assert.equal(await page.evaluate(() => window.fewest), 1, 'the table was never empty in between')
  })
})

describe('a duration', () => {
  journey('that somebody chose is not rounded', () => `/executions/${waiting}?tab=events`, async (page) => {
    await page.getByText('times out after 1 h 59 min', { exact: true }).waitFor()
  })
})
