/** What an engineer does at three in the morning, on a system with thousands of executions. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { until } from '../../../demo/loan-approval/e2e/support/until.mjs'
import { assertAccessible } from '../support/accessibility.mjs'
import { launchBrowser, PHONE, withPage } from '../support/browser.mjs'
import { startShowcase } from '../support/system.mjs'

const MANY = 2_000
/** Requests at the same time. */
const AT_ONCE = 32

let browser
let system

before(async () => {
  ;[browser, system] = await Promise.all([launchBrowser(), startShowcase(['--durability', 'os'])])
  await system.invoke({ scenario: 'fail', message: 'the courier lost parcel 4711 near Basel' }, { name: 'lost-parcel' })
  let begun = 0
  const start = async () => {
    while (begun < MANY) {
      begun += 1
      await system.invoke({ scenario: 'quick', order: `A-${begun}` })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, start))
})
after(() => Promise.all([browser?.close(), system?.close()]))

const journey = (name, run, options = {}, path = '/executions') => test(name, (t) => withPage(browser, system.endpoint + path, t, options, run))

/** Opens a page and waits for what it reads, as far as it comes to rest; a live page need not. */
async function openWhole(page, path) {
  await page.goto(system.endpoint + path)
  await page.waitForLoadState('networkidle').catch((error) => {
    if (error.name !== 'TimeoutError') throw error
  })
}

async function filterBy(page, text) {
  const field = page.getByRole('combobox', { name: 'Filter the executions' })
  await field.fill(text)
  await field.press('Enter')
}

describe('a failed execution among thousands', () => {
  journey('is found by its error, read, and started again with another input', async (page) => {
    await filterBy(page, 'parcel 4711')
    const row = page.getByRole('row').filter({ hasText: 'lost-parcel' })
    await row.getByText('the courier lost parcel 4711 near Basel').waitFor()
    assert.match(page.url(), /text=parcel/)
    await row.getByRole('link', { name: 'lost-parcel' }).click()
    await page.getByRole('button', { name: 'Show the whole error' }).click()
    await page.getByText('the courier lost parcel 4711 near Basel').last().waitFor()

    await page.getByRole('button', { name: 'Start again' }).click()
    const dialog = page.getByRole('dialog')
    const input = dialog.getByLabel('Input')
    await until('the old input is there', async () => (await input.inputValue()).includes('4711'))
    await input.fill('{ "scenario": ')
    assert.ok(await dialog.getByRole('button', { name: 'Start', exact: true }).isDisabled(), 'what is not JSON cannot be sent')
    await input.fill('{ "scenario": "quick", "order": "4711 again" }')
    assert.match(await dialog.innerText(), /aws lambda invoke/)
    await dialog.getByRole('button', { name: 'Start', exact: true }).click()
    await page.getByText('A new execution was started').waitFor()
    await page.getByText('Succeeded').first().waitFor()
    assert.ok(!page.url().includes('tab=data'), 'the new one is shown from its beginning')
  })

  journey('is one of those that a status counts', async (page) => {
    const failed = page.getByRole('list', { name: 'Executions by status' }).getByRole('button', { name: /Failed/ })
    await failed.click()
    await page.getByRole('link', { name: 'lost-parcel' }).waitFor()
    assert.match(page.url(), /status=FAILED/)
    await page.goBack()
    await until('the filter is gone', async () => (await failed.getAttribute('aria-pressed')) === 'false')
  })
})

describe('the list', () => {
  test('says when it was painted', (t) =>
    withPage(browser, `${system.endpoint}/executions`, t, {}, async (page) => {
      await page.getByRole('table').getByRole('link').first().waitFor()
      const [painted, filled] = await page.evaluate(() => [performance.getEntriesByName('first-contentful-paint')[0].startTime, performance.now()])
      t.diagnostic(`painted after ${Math.round(painted)} ms, with rows after ${Math.round(filled)} ms`)
    }))

  journey('shows what happens without a reload, and older ones page by page', async (page) => {
    await page.getByText('Live', { exact: true }).waitFor()
    await system.invoke({ scenario: 'callback', name: 'night-shift' }, { name: `live-${Date.now()}` })
    await page.getByRole('row').filter({ hasText: 'night-shift' }).first().waitFor()
    const first = await page.getByRole('table').getByRole('link').first().innerText()
    await page.getByRole('button', { name: 'Older' }).click()
    await page.getByRole('button', { name: 'Newest' }).waitFor()
    await until('other rows are shown', async () => (await page.getByRole('table').getByRole('link').first().innerText()) !== first)
    await page.getByRole('button', { name: 'Newest' }).click()
    await page.getByText('Live', { exact: true }).waitFor()
  })

  journey('goes by keyboard', async (page) => {
    await page.getByRole('table').getByRole('link').first().waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    const second = page.getByRole('table').getByRole('link').nth(1)
    await until('the second row has the focus', () => second.evaluate((element) => element === document.activeElement))
    await page.keyboard.press('k')
    await page.keyboard.press('Enter')
    await page.getByRole('tab', { name: 'Timeline' }).waitFor()
    await page.keyboard.press(']')
    await page.waitForURL(/tab=operations/)
    await page.keyboard.press('?')
    await page.getByRole('dialog').getByText('Go to the functions').waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('g')
    await page.keyboard.press('f')
    await page.getByRole('heading', { name: 'Functions', level: 1 }).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('labels')
    await page.getByRole('table').getByRole('link', { name: 'OrderFunction', exact: true }).waitFor({ state: 'hidden' })
    await page.getByRole('table').getByRole('link', { name: 'ShippingFunction', exact: true }).waitFor()
  })

  journey('filters what it shows, wherever the pointer is', async (page) => {
    await system.invoke({ scenario: 'fail', message: 'a newer failure' }, { name: `newer-failure-${Date.now()}` })
    const newer = page.getByRole('row').filter({ hasText: 'a newer failure' }).first()
    await newer.hover()
    await page.getByRole('list', { name: 'Executions by status' }).getByRole('button', { name: /Failed/ }).click()
    await page.getByRole('link', { name: 'lost-parcel' }).waitFor()
    await newer.waitFor()
  })

  journey(
    'says what is wrong with a filter that the server refuses',
    async (page) => {
      await page.getByText("'version' must be $LATEST or a number").waitFor()
    },
    {},
    '/executions?version=abc',
  )

  journey(
    'tells what to run when there is nothing',
    async (page) => {
      await page.getByText('No execution matches').waitFor()
      await page.getByRole('button', { name: 'Clear the filter' }).last().click()
      await page.getByRole('table').getByRole('link').first().waitFor()
    },
    {},
    '/executions?name=nobody',
  )
})

describe('an execution', () => {
  journey('is paused, resumed, stopped and deleted', async (page) => {
    const name = `steered-${Date.now()}`
    const id = await system.invoke({ scenario: 'callback', name: 'the-long-wait' }, { name })
    await page.goto(`${system.endpoint}/executions/${id}`)
    const act = async (item, confirm) => {
      await page.getByRole('button', { name: 'Actions' }).click()
      await page.getByRole('menuitem', { name: item }).click()
      await page.getByRole('dialog').getByRole('button', { name: confirm, exact: true }).click()
    }
    await act('Pause', 'Pause')
    await page.getByText('Paused').first().waitFor()
    await act('Resume', 'Resume')
    await page.getByText('Running', { exact: true }).first().waitFor()
    await act('Stop', 'Stop')
    await page.getByText('Stopped', { exact: true }).first().waitFor()
    await act('Delete', 'Delete')
    await page.getByText(`${name} was deleted.`).waitFor()
    await page.goto(`${system.endpoint}/executions/${id}`)
    await page.getByText('There is no such execution').waitFor()
  })

  journey('with a fan-out of a thousand draws only what is in sight', async (page) => {
    const id = await system.invoke({ scenario: 'fan-out', count: 1_000 })
    await system.ended(id)
    await page.goto(`${system.endpoint}/executions/${id}`)
    const grid = page.getByRole('treegrid', { name: 'Operations' })
    await page.getByText('Operations (2,001)').waitFor()
    assert.ok((await grid.getByRole('row').count()) < 120, 'rows out of sight are not drawn')
    await grid.focus()
    await page.keyboard.press('End')
    await until('the last row is selected', async () => (await grid.getAttribute('aria-activedescendant')) === 'row-2000')
    await page.getByRole('complementary', { name: 'Selected operation' }).waitFor()
    await page.getByRole('button', { name: 'Collapse all' }).click()
    await until('one row is left', async () => (await grid.getByRole('row').count()) === 1)
  })

  journey('with three thousand operations is read in every tab', async (page) => {
    const id = await system.invoke({ scenario: 'steps', count: 2_990 })
    await system.ended(id)
    await page.goto(`${system.endpoint}/executions/${id}?tab=events`)
    await page.getByText('5,983 events').waitFor()
    assert.ok((await page.getByRole('listitem').count()) < 200, 'events out of sight are not drawn')
    await page.getByRole('searchbox', { name: 'Search the events' }).fill('step-2989')
    await page.getByText('2 events').waitFor()
    await page.getByRole('tab', { name: 'Operations' }).click()
    await page.getByRole('row').filter({ hasText: 'step-' }).first().waitFor()
    await page.getByRole('tab', { name: 'Timeline' }).click()
    await page.getByText('Operations (2,990)').waitFor()
  })

  journey('shows hostile text as text', async (page) => {
    const id = await system.invoke({ scenario: 'hostile' })
    await system.ended(id)
    for (const tab of ['timeline', 'operations', 'events', 'logs', 'data', 'cost']) {
      await page.goto(`${system.endpoint}/executions/${id}?tab=${tab}`)
      await page.getByRole('tab', { name: /Timeline/ }).waitFor()
      if (tab === 'timeline') await page.getByRole('treegrid').getByText('<b onmouseover=alert(1)>bold</b>').click()
      if (tab === 'logs') await page.getByRole('log').getByText('<img src=x onerror=').first().waitFor()
      if (tab === 'data') await page.getByText('<script>window.pwned=1</script>').first().waitFor()
      assert.equal(await page.evaluate(() => window.pwned), undefined, `${tab}: text of an execution was run`)
      assert.equal(await page.locator('img[src="x"]').count(), 0, `${tab}: text of an execution became markup`)
    }
    await page.goto(`${system.endpoint}/executions?status=FAILED`)
    await page.getByText('<img src=x onerror=').first().waitFor()
    assert.equal(await page.evaluate(() => window.pwned), undefined)
  })
})

describe('a function', () => {
  journey(
    'is started from its page, and the execution is watched',
    async (page) => {
      await page.getByRole('textbox', { name: 'Payload' }).fill('{"scenario": "quick", "order": "from the console"}')
      await page.getByRole('button', { name: 'Start', exact: true }).click()
      await page.getByRole('link', { name: 'Watch the execution' }).click()
      await page.getByRole('treegrid', { name: 'Operations' }).getByText('accept').waitFor()
    },
    {},
    '/functions/OrderFunction?tab=invoke',
  )

  journey('is given the payload that was typed, however late a suggestion comes', async (page) => {
    let answerInputs
    const held = new Promise((resolve) => {
      answerInputs = resolve
    })
    await page.route('**/inputs', async (route) => {
      await held
      await route.continue()
    })
    await page.goto(`${system.endpoint}/functions/OrderFunction?tab=invoke`)
    const payload = page.getByRole('textbox', { name: 'Payload' })
    assert.equal(await payload.inputValue(), '{}')
    await payload.press('Control+A')
    answerInputs()
    await page.getByRole('button', { name: /Take a payload from/, disabled: false }).waitFor()
    await page.keyboard.type('{"order": "typed"}')
    assert.equal(await payload.inputValue(), '{"order": "typed"}')
  })
})

describe('every page', () => {
  let waiting

  before(async () => {
    waiting = await system.invoke({ scenario: 'order', order: 'A-1', pace: 0 })
    await until('the order waits for its approval', async () => (await system.execution(waiting)).next_wake_up?.reason === 'CALLBACK_TIMEOUT', 60_000)
  })

  const pages = () => ({
    executions: '/executions',
    timeline: `/executions/${waiting}`,
    operations: `/executions/${waiting}?tab=operations`,
    events: `/executions/${waiting}?tab=events&event=3`,
    logs: `/executions/${waiting}?tab=logs`,
    trace: `/executions/${waiting}?tab=trace`,
    data: `/executions/${waiting}?tab=data`,
    cost: `/executions/${waiting}?tab=cost`,
    waiting: '/waiting',
    functions: '/functions',
    function: '/functions/OrderFunction',
    monitoring: '/functions/OrderFunction?tab=monitoring',
    'function log': '/functions/OrderFunction?tab=logs',
    invoke: '/functions/OrderFunction?tab=invoke',
    system: '/system',
    'no such page': '/executions/x/y',
    'no such execution': '/executions/x',
    'no such function': '/functions/x',
  })

  for (const colorScheme of ['light', 'dark']) {
    journey(
      `is accessible, ${colorScheme}`,
      async (page) => {
        for (const [name, path] of Object.entries(pages())) {
          await openWhole(page, path)
          await page.getByRole('navigation').first().waitFor()
          await assertAccessible(page, `${name}, ${colorScheme}`)
        }
        await page.goto(`${system.endpoint}/waiting`)
        await page.getByRole('button', { name: /^Succeed / }).first().click()
        await page.getByRole('dialog').waitFor()
        await assertAccessible(page, `the dialog of an answer, ${colorScheme}`)
        await page.goto(`${system.endpoint}/executions/${waiting}`)
        await page.getByRole('treegrid').getByText('charge_card').click()
        await page.getByRole('complementary', { name: 'Selected operation' }).getByText('Attempts').waitFor()
        await assertAccessible(page, `the panel of an operation, ${colorScheme}`)
        await page.getByRole('button', { name: 'Start again' }).click()
        await page.getByRole('dialog').getByLabel('Input').waitFor()
        await assertAccessible(page, `the dialog of a new start, ${colorScheme}`)
      },
      { colorScheme, reducedMotion: 'reduce' },
    )
  }

  journey(
    'fits a phone of 360 pixels without sideways scrolling',
    async (page) => {
      for (const [name, path] of Object.entries(pages())) {
        await openWhole(page, path)
        await page.getByRole('main').waitFor()
        const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
        assert.ok(content <= window, `${name}: the content is ${content} wide, the window ${window}`)
      }
    },
    PHONE,
  )
})
