/** State machines as they are drawn, while they run and after. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { join } from 'node:path'
import { until } from '../../../demo/loan-approval/e2e/support/until.mjs'
import { assertAccessible } from '../support/accessibility.mjs'
import { launchBrowser, PHONE, withPage } from '../support/browser.mjs'
import { startShowcase } from '../support/system.mjs'

const LAPTOP = { viewport: { width: 1280, height: 800 } }
const NARROW = { ...PHONE, viewport: { width: 390, height: 780 } }

const task = 'arn:aws:states:::lambda:invoke.waitForTaskToken'

const ORDER = {
  Comment: 'Takes an order through a decision, two branches and its items',
  StartAt: 'Read the order',
  States: {
    'Read the order': { Type: 'Pass', Next: 'Large?' },
    'Large?': { Type: 'Choice', Choices: [{ Variable: '$.amount', NumericGreaterThan: 100, Next: 'Ask a person' }, { Variable: '$.amount', NumericLessThan: 0, Next: 'Refuse' }], Default: 'Prepare' },
    'Ask a person': { Type: 'Task', Resource: task, Parameters: { FunctionName: 'OrderFunction:live', Payload: { scenario: 'quick', 'order.$': '$$.Task.Token' } }, ResultPath: '$.answer', Catch: [{ ErrorEquals: ['Too.Much'], ResultPath: '$.error', Next: 'Write a letter' }], Next: 'Prepare' },
    'Write a letter': { Type: 'Pass', Result: 'sorry', End: true },
    Prepare: {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'Print a label', States: { 'Print a label': { Type: 'Pass', Result: 'L-1', Next: 'Stick it on' }, 'Stick it on': { Type: 'Pass', End: true } } },
        { StartAt: 'Reserve', States: { Reserve: { Type: 'Wait', Seconds: 1, End: true } } },
      ],
      ResultPath: '$.prepared',
      Next: 'Each item',
    },
    'Each item': { Type: 'Map', ItemsPath: '$.items', ItemProcessor: { StartAt: 'Pack', States: { Pack: { Type: 'Pass', Next: 'Weigh' }, Weigh: { Type: 'Choice', Choices: [{ Variable: '$.heavy', IsPresent: true, Next: 'Two people' }], Default: 'Done' }, 'Two people': { Type: 'Pass', Next: 'Done' }, Done: { Type: 'Pass', End: true } } }, ResultPath: '$.packed', End: true },
    Refuse: { Type: 'Fail', Error: 'Order.Refused', Cause: 'less than nothing' },
  },
}

let browser
let system

async function states(operation, input) {
  const headers = { 'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': `AWSStepFunctions.${operation}` }
  const response = await fetch(system.endpoint, { method: 'POST', headers, body: JSON.stringify(input) })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${operation}: ${JSON.stringify(answer)}`)
  return answer
}

let machine

/** Starts an execution, and answers its id. */
async function start(name, input) {
  await states('StartExecution', { stateMachineArn: machine, name, input: JSON.stringify(input) })
  const response = await fetch(`${system.endpoint}/lambdura/v1/executions?name=${name}`)
  return (await response.json()).executions[0].execution_id
}

before(async () => {
  ;[browser, system] = await Promise.all([launchBrowser(), startShowcase(['--durability', 'os'])])
  const role = 'arn:aws:iam::000000000000:role/any'
  machine = (await states('CreateStateMachine', { name: 'graph-orders', definition: JSON.stringify(ORDER), roleArn: role })).stateMachineArn
})
after(() => Promise.all([browser?.close(), system?.close()]))

/** The name of a state's button: its parts are apart. */
const state = (name) => new RegExp(name.replaceAll('?', '\\?').split(', ').join(' ?,? ?'), 'v')

const picture = (page, name) => (process.env.E2E_PICTURES === undefined ? null : page.screenshot({ path: join(process.env.E2E_PICTURES, `${name}.png`), fullPage: true }))

describe('the graph of a state machine', () => {
  test('shows what was gone through, what comes in and out, and the runs of a state', async (t) => {
    const id = await start('drawn', { amount: 5, items: [{ n: 1 }, { n: 2, heavy: true }, { n: 3 }] })
    await system.ended(id)
    await withPage(browser, `${system.endpoint}/executions/${id}`, t, LAPTOP, async (page) => {
      await page.getByRole('tab', { name: 'Graph' }).click()
      await page.getByRole('button', { name: state('Read the order, Pass, succeeded') }).waitFor()
      await page.getByRole('button', { name: state('Ask a person, Task, not entered') }).waitFor()
      await page.getByRole('button', { name: state('Print a label, Pass, succeeded') }).waitFor()
      await page.getByRole('button', { name: state('Pack, Pass, succeeded, ran 3 times') }).waitFor()
      await page.getByRole('button', { name: state('Two people, Pass, succeeded') }).waitFor()
      await picture(page, 'graph-laptop')
      await assertAccessible(page, 'the graph')

      await page.getByRole('button', { name: state('Each item, Map, succeeded') }).click()
      const panel = page.getByRole('complementary', { name: 'Selected operation' })
      await panel.getByText('prepared').first().waitFor()
      await panel.getByText('packed').first().waitFor()
      await picture(page, 'graph-laptop-data')
      await page.getByRole('button', { name: state('Pack, Pass') }).click()
      await page.getByText('Run 3 of 3').waitFor()
      await page.getByRole('button', { name: 'Run before' }).click()
      await page.getByText('Run 2 of 3').waitFor()
      // The second item came in, and out of it.
      await panel.getByText('heavy').nth(1).waitFor()
      await assertAccessible(page, 'the graph with the data of a state')

      // A state that never ran has its definition all the same.
      await page.getByRole('button', { name: state('Refuse, Fail') }).click()
      await page.getByRole('region', { name: 'Chosen state' }).getByText('Order.Refused').waitFor()
      assert.equal(await panel.count(), 0)
    })
  })

  test('is alive: a state runs, is answered, and the next one follows', async (t) => {
    const id = await start('alive', { amount: 500, items: [] })
    await withPage(browser, `${system.endpoint}/executions/${id}?tab=graph`, t, LAPTOP, async (page) => {
      await page.getByRole('button', { name: state('Ask a person, Task, running') }).waitFor()
      await picture(page, 'graph-running')
      const { events } = await (await fetch(`${system.endpoint}/lambdura/v1/executions/${id}/events?data=true`)).json()
      const token = events.find(({ EventType }) => EventType === 'CallbackStarted').CallbackStartedDetails.CallbackId
      await states('SendTaskFailure', { taskToken: token, error: 'Too.Much', cause: 'no' })
      await page.getByRole('button', { name: state('Ask a person, Task, failed, and caught') }).waitFor()
      await page.getByRole('button', { name: state('Write a letter, Pass, succeeded') }).waitFor()
      await picture(page, 'graph-caught')
      await assertAccessible(page, 'the graph after an error')
    })
  })

  test('goes on where it was stopped', async (t) => {
    const id = await start('stopped', { amount: 500, items: [] })
    await withPage(browser, `${system.endpoint}/executions/${id}?tab=graph`, t, LAPTOP, async (page) => {
      await page.getByRole('button', { name: state('Ask a person, Task, running') }).waitFor()
      await page.getByRole('button', { name: 'Actions' }).click()
      await page.getByRole('menuitem', { name: 'Stop' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Stop', exact: true }).click()
      await page.getByRole('button', { name: state('Ask a person, Task, stopped') }).waitFor()
      await page.getByRole('button', { name: 'Actions' }).click()
      await page.getByRole('menuitem', { name: 'Redrive' }).click()
      await assertAccessible(page, 'the question before a redrive')
      await page.getByRole('dialog').getByRole('button', { name: 'Redrive', exact: true }).click()
      await until('it is another page', () => !page.url().includes(id))
      await page.getByRole('heading', { name: /^stopped-redrive-1-/v }).waitFor()
      await page.getByRole('button', { name: state('Ask a person, Task, running') }).waitFor()
      // What was done before is not done again.
      await page.getByRole('button', { name: state('Read the order, Pass, not entered') }).waitFor()
      await picture(page, 'graph-redriven')
    })
  })

  test('is zoomed and moved, by pointer and by keyboard', async (t) => {
    const id = await start('zoomed', { amount: -1, items: [] })
    await system.ended(id)
    await withPage(browser, `${system.endpoint}/executions/${id}?tab=graph`, t, LAPTOP, async (page) => {
      await page.getByRole('button', { name: state('Refuse, Fail, failed') }).waitFor()
      const graph = page.getByRole('region', { name: 'Graph of the state machine' })
      for (let time = 0; time < 4; time += 1) await page.getByRole('button', { name: 'Zoom in' }).click()
      const place = () => graph.evaluate(({ scrollLeft, scrollTop }) => ({ scrollLeft, scrollTop }))
      await graph.evaluate((element) => element.scrollTo(100, 100))
      const box = await graph.boundingBox()
      await page.mouse.move(box.x + 200, box.y + 200)
      await page.mouse.down()
      await page.mouse.move(box.x + 160, box.y + 150, { steps: 4 })
      await page.mouse.up()
      const moved = await place()
      assert.ok(moved.scrollTop >= 145 && moved.scrollTop <= 155, JSON.stringify(moved))
      await graph.focus()
      await page.keyboard.press('ArrowDown')
      await until('the keyboard moved it', async () => (await place()).scrollTop > moved.scrollTop)
      await page.getByRole('button', { name: 'Fit the width' }).click()
      await until('all of its width is seen', async () => graph.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth))
    })
  })

  test('fits a phone', async (t) => {
    const id = await start('narrow', { amount: 7, items: [{ n: 1 }] })
    await system.ended(id)
    await withPage(browser, `${system.endpoint}/executions/${id}?tab=graph`, t, NARROW, async (page) => {
      await page.getByRole('button', { name: state('Each item, Map, succeeded') }).waitFor()
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      assert.ok(wide <= 0, `the page is ${wide} px wider than the screen`)
      await picture(page, 'graph-phone')
      // The list of pages above it is not ours.
      await assertAccessible(page, 'the graph on a phone', '.graph')
    })
  })

  test('is not there for other executions', async (t) => {
    const id = await system.invoke({ scenario: 'quick', order: 'A-1' })
    await system.ended(id)
    await withPage(browser, `${system.endpoint}/executions/${id}`, t, LAPTOP, async (page) => {
      await page.getByRole('tab', { name: 'Timeline' }).waitFor()
      assert.equal(await page.getByRole('tab', { name: 'Graph' }).count(), 0)
    })
  })
})
