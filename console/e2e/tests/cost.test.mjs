/** What an execution would cost, on its page: the figures of the command, while it runs and after. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from '../../../demo/loan-approval/e2e/support/until.mjs'
import { assertAccessible } from '../support/accessibility.mjs'
import { launchBrowser, PHONE, withPage } from '../support/browser.mjs'
import { startShowcase } from '../support/system.mjs'

const LAPTOP = { viewport: { width: 1280, height: 800 } }
const NARROW = { ...PHONE, viewport: { width: 390, height: 780 } }
const COST = /\/lambdura\/v1\/executions\/[^/]+\/cost$/

let browser
let system

before(async () => {
  browser = await launchBrowser()
  system = await startShowcase(['--durability', 'os'])
})
after(() => Promise.all([browser?.close(), system?.close()]))

const picture = (page, name) => (process.env.E2E_PICTURES === undefined ? null : page.screenshot({ path: join(process.env.E2E_PICTURES, `${name}.png`), fullPage: true }))

/** What the page says that an execution, a thousand and a million cost. */
const sums = (page) => page.locator('.cost-runs dd').allInnerTexts()

/** Counts how often the page asks for a cost. */
function counting(page) {
  const asked = { count: 0 }
  page.on('request', (request) => {
    if (COST.test(new URL(request.url()).pathname)) asked.count += 1
  })
  return asked
}

async function states(operation, input) {
  const headers = { 'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': `AWSStepFunctions.${operation}` }
  const response = await fetch(system.endpoint, { method: 'POST', headers, body: JSON.stringify(input) })
  const body = await response.json()
  if (!response.ok) throw new Error(`${operation}: ${JSON.stringify(body)}`)
  return body
}

/** Answers the callback that an execution waits for, once it does. */
async function answer(id) {
  const open = await until('it waits for its callback', async () => {
    const { callbacks } = await (await fetch(`${system.endpoint}/lambdura/v1/callbacks`)).json()
    return callbacks.find(({ execution_id: of }) => of === id) ?? null
  })
  const response = await fetch(`${system.endpoint}/2025-12-01/durable-execution-callbacks/${encodeURIComponent(open.callback_id)}/succeed`, { method: 'POST', body: '"yes"' })
  assert.ok(response.ok, await response.text())
}

describe('the cost of an execution', () => {
  test('is what the command says, and is asked for when its tab is opened', async (t) => {
    const id = await system.invoke({ scenario: 'steps', count: 9, millis: 20 }, { name: 'counted' })
    await system.ended(id)
    await withPage(browser, `${system.endpoint}/executions/${id}`, t, LAPTOP, async (page) => {
      const asked = counting(page)
      await page.getByText('step-8').first().waitFor()
      assert.equal(asked.count, 0)
      await page.getByRole('tab', { name: 'Cost' }).click()
      const bill = page.getByRole('table', { name: 'Bill of one execution' })
      await bill.waitFor()
      assert.equal(asked.count, 1)
      assert.match(page.url(), /tab=cost$/)

      const rows = (await bill.getByRole('row').allInnerTexts()).map((row) => row.split('\t').map((cell) => cell.trim()))
      assert.deepEqual(rows[0], ['What', 'How many', 'Unit price', 'Sum'])
      assert.deepEqual(rows[1], ['durable operations', '10 operations', '$8.00 a million', '$0.000080'])
      // No line of a state machine, and none of Arm.
      assert.deepEqual(
        rows.map(([what]) => what),
        ['What', 'durable operations', 'data written', 'data retained', 'requests', 'compute on x86-64', 'Total'],
      )
      assert.equal(rows[5][2], '$0.0000166667 a GB-second')
      await page.getByText('1 start, 9 attempts of steps').waitFor()

      // The command beside it, as it can be copied.
      const command = await page.locator('code', { hasText: 'lambdura cost' }).innerText()
      assert.equal(command, `lambdura cost counted --endpoint ${system.endpoint}`)
      const { stdout } = await promisify(execFile)(process.env.LAMBDURA_BIN, command.split(' ').slice(1))
      const total = stdout.split('\n').find((line) => line.startsWith('total'))
      assert.deepEqual(total.split(/\s+/).slice(1), await sums(page))

      await page.getByText(/AWS's list prices in us-east-1, read on \d{4}-\d\d-\d\d/).waitFor()
      assert.equal(await page.getByRole('link', { name: /aws\.amazon\.com\/lambda\/pricing/ }).getAttribute('href'), 'https://aws.amazon.com/lambda/pricing/')
      const assumption = page.getByText('taxes and free tiers are not counted')
      assert.equal(await assumption.isVisible(), false)
      await picture(page, 'cost-laptop')
      await assertAccessible(page, 'the cost')
      await page.getByRole('button', { name: 'Assumptions, and what is left out' }).click()
      await assumption.waitFor()
      await assertAccessible(page, 'the cost with its assumptions')
    })
  })

  for (const colorScheme of ['light', 'dark']) {
    for (const [device, options] of Object.entries({ laptop: LAPTOP, phone: NARROW })) {
      test(`fits a ${device}, ${colorScheme}`, async (t) => {
        const id = await system.invoke({ scenario: 'steps', count: 9, millis: 20 }, { name: `fits-${device}-${colorScheme}` })
        await system.ended(id)
        await withPage(browser, `${system.endpoint}/executions/${id}?tab=cost`, t, { ...options, colorScheme }, async (page) => {
          await page.getByRole('row', { name: /^Total/ }).waitFor()
          await page.getByText(/10 operations/).waitFor()
          await page.getByText(/\$8\.00 a million/).waitFor()
          // Neither the page nor one of its figures is wider than its place.
          const wide = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll('.cost, .cost-runs *, .cost-bill, .cost-bill *, .cost-counted *')].filter((element) => element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1).map(({ tagName, className }) => `${tagName} ${className}`))
          assert.deepEqual(wide, [])
          await picture(page, `cost-${device}-${colorScheme}`)
          await assertAccessible(page, `the cost on a ${device}, ${colorScheme}`, '.cost')
        })
      })
    }
  }

  test('is so far while it runs: asked for again by a button or when something happens, not otherwise', async (t) => {
    const id = await system.invoke({ scenario: 'callback', name: 'approval' }, { name: 'so-far' })
    await until('it waits', async () => (await system.execution(id)).activity?.kind === 'WAITING')
    await withPage(browser, `${system.endpoint}/executions/${id}`, t, LAPTOP, async (page) => {
      await page.clock.install()
      const asked = counting(page)
      await page.goto(`${system.endpoint}/executions/${id}?tab=cost`)
      await page.getByText('So far').waitFor()
      await page.getByText('1 callback', { exact: false }).waitFor()
      const first = await sums(page)
      // The page's minute is over at once.
      await page.clock.runFor(60_000)
      assert.equal(asked.count, 1)
      await picture(page, 'cost-so-far')
      await assertAccessible(page, 'the cost so far')

      const again = page.waitForResponse((response) => COST.test(new URL(response.url()).pathname))
      await page.getByRole('button', { name: 'Ask for the cost again' }).click()
      await again
      assert.equal(asked.count, 2)

      await page.clock.resume()
      await answer(id)
      await page.getByText('So far').waitFor({ state: 'detached' })
      await until('what came with the answer is on the bill', async () => (await sums(page))[2] !== first[2])
    })
  })

  test('grows while the execution does, without a request for each event', async (t) => {
    const id = await system.invoke({ scenario: 'steps', count: 150, millis: 200 }, { name: 'growing' })
    await withPage(browser, `${system.endpoint}/executions/${id}`, t, LAPTOP, async (page) => {
      const asked = counting(page)
      const began = Date.now()
      await page.getByRole('tab', { name: 'Cost' }).click()
      const operations = async () => Number(/(\d+) attempts? of steps?/.exec(await page.locator('.cost-counted').innerText())?.[1])
      await page.getByText('So far').waitFor()
      const first = await until('a step is on the bill', async () => (await operations()) || null)
      await until('the bill has grown', async () => (await operations()) > first, 30_000)
      await page.getByText('So far').waitFor()
      const most = 2 + (Date.now() - began) / 5_000
      assert.ok(asked.count >= 2 && asked.count <= most, `asked ${asked.count} times, at most ${most}`)
      await system.ended(id)
      await until('all of it is on the bill', async () => (await operations()) === 150, 30_000)
      await page.getByText('So far').waitFor({ state: 'detached' })
    })
  })

  test('of a state machine is paid by its transitions', async (t) => {
    const definition = { StartAt: 'One', States: { One: { Type: 'Pass', Next: 'Two' }, Two: { Type: 'Pass', End: true } } }
    const { stateMachineArn } = await states('CreateStateMachine', { name: 'cost-orders', definition: JSON.stringify(definition), roleArn: 'arn:aws:iam::000000000000:role/any' })
    await states('StartExecution', { stateMachineArn, name: 'two-states', input: '{}' })
    const { executions } = await (await fetch(`${system.endpoint}/lambdura/v1/executions?name=two-states`)).json()
    const id = executions[0].execution_id
    await system.ended(id)
    await withPage(browser, `${system.endpoint}/executions/${id}?tab=cost`, t, LAPTOP, async (page) => {
      await page.getByText('As a standard state machine').waitFor()
      await page.getByRole('row', { name: 'state transitions 2 transitions $25.00 a million $0.000050' }).waitFor()
      assert.deepEqual(await sums(page), ['$0.000050', '$0.0500', '$50.00'])
      await picture(page, 'cost-machine')
      await assertAccessible(page, 'the cost of a state machine')
    })
  })

  test('of which there is nothing says so', async (t) => {
    const id = await system.invoke({ scenario: 'quick', order: 'A-1' })
    await system.ended(id)
    await withPage(browser, `${system.endpoint}/executions/${id}`, t, LAPTOP, async (page) => {
      await page.route(COST, async (route) => {
        const response = await route.fetch()
        const cost = await response.json()
        const nothing = cost.bill.map((line) => ({ ...line, quantity: 0, amount: 0 }))
        await route.fulfill({ response, json: { ...cost, bill: nothing, runs: cost.runs.map((it) => ({ ...it, total: 0 })) } })
      })
      await page.getByRole('tab', { name: 'Cost' }).click()
      await page.getByText('Nothing to pay for').waitFor()
      assert.equal(await page.getByRole('table').count(), 0)
      await assertAccessible(page, 'the cost of nothing')
    })
  })

  test('that cannot be read says why, and is tried again', async (t) => {
    const id = await system.invoke({ scenario: 'quick', order: 'A-2' })
    await system.ended(id)
    await withPage(browser, `${system.endpoint}/executions/${id}`, t, LAPTOP, async (page) => {
      await page.route(COST, (route) => route.fulfill({ status: 404, json: { message: 'the history is gone' } }))
      await page.getByRole('tab', { name: 'Cost' }).click()
      await page.getByText('The cost could not be read').waitFor()
      await page.getByText('the history is gone').waitFor()
      await assertAccessible(page, 'a cost that cannot be read')
      await page.unroute(COST)
      await page.getByRole('button', { name: 'Try again' }).click()
      await page.getByRole('row', { name: /^Total/ }).waitFor()
      assert.equal(await page.getByText('The cost could not be read').count(), 0)

      // Figures that there are stay, below what is wrong.
      await page.route(COST, (route) => route.fulfill({ status: 403, json: { message: 'User: nobody may not' } }))
      await page.getByRole('button', { name: 'Ask for the cost again' }).click()
      await page.getByText('User: nobody may not').waitFor()
      await page.getByRole('row', { name: /^Total/ }).waitFor()
    })
  })
})
