/** The loan demo through the console: watched live, decided, understood. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { until } from '../../../demo/loan-approval/e2e/support/until.mjs'
import { launchBrowser, withPage } from '../support/browser.mjs'
import { tells } from '../support/story.mjs'
import { loanDemo } from '../support/system.mjs'

const { endpoint, apiUrl } = loanDemo()
let browser

before(async () => {
  browser = await launchBrowser()
})
after(() => browser?.close())

async function applyAsAlice() {
  const application = { name: 'Alice Johnson', address: '1 Main Street, Toronto', phone: '416-555-0101', ssn_last4: '1234', sin: '1234', loan_amount: 150_000 }
  const response = await fetch(`${apiUrl}/apply`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(application) })
  const answer = await response.json()
  assert.ok(response.ok, `POST /apply answered ${response.status}: ${JSON.stringify(answer)}`)
  return answer.application_id
}

/** Keeps the fraud check from starting until `release` is called: it would answer at once, and maybe before the workflow has suspended. */
async function holdFraudChecks() {
  const concurrency = `${endpoint}/2017-10-31/functions/FraudCheckFunction/concurrency`
  const change = async (options) => {
    const response = await fetch(concurrency, options)
    assert.ok(response.ok, `${options.method} concurrency answered ${response.status}: ${await response.text()}`)
  }
  await change({ method: 'PUT', body: JSON.stringify({ ReservedConcurrentExecutions: 0 }) })
  return () => change({ method: 'DELETE' })
}

describe('the loan in the console', () => {
  test('is found by its name, decided from the list of callbacks, and watched to its end', async (t) => {
    const release = await holdFraudChecks()
    t.after(release)
    await withPage(browser, `${endpoint}/`, t, {}, async (page) => {
      const name = await applyAsAlice()
      const row = page.getByRole('row').filter({ hasText: name })
      await row.getByText('Waits for').waitFor()
      await row.getByRole('link', { name }).click()
      await page.getByRole('heading', { name, level: 1 }).waitFor()
      await page.getByRole('list', { name: 'Invocations' }).getByText('suspended on callback manager-approval').waitFor()

      await page.getByRole('link', { name: 'Waiting on the world' }).click()
      await page.getByRole('button', { name: `Succeed manager-approval of ${name}` }).click()
      const dialog = page.getByRole('dialog')
      assert.match(await dialog.innerText(), /send-durable-execution-callback-success/)
      assert.match(await dialog.innerText(), /lambdura callback succeed/)
      await dialog.getByLabel('Result').fill('{"approved": true}')
      await dialog.getByRole('button', { name: 'Send success' }).click()
      await page.getByText(`manager-approval of ${name} was completed.`).waitFor()
      await page.getByRole('button', { name: `Succeed manager-approval of ${name}` }).waitFor({ state: 'hidden' })

      await page.getByRole('link', { name: 'Executions', exact: true }).click()
      await row.getByText('fraud-check').waitFor()
      await row.getByText('Waits for').waitFor()
      await row.getByRole('link', { name }).click()
      await page.getByRole('list', { name: 'Invocations' }).getByText('suspended on callback fraud-check').waitFor()
      await release()
      await page.getByText('Succeeded').first().waitFor()
      // Checkpoint and replay at one glance: three invocations, and why.
      const story = page.getByRole('list', { name: 'Invocations' }).getByRole('listitem')
      await until('three invocations are told', async () => (await story.count()) === 3)
      await tells(story, 1, /The execution was started.*suspended on callback manager-approval/s)
      await tells(story, 2, /Callback manager-approval was answered.*replayed.*suspended on callback fraud-check/s)
      await tells(story, 3, /Callback fraud-check was answered.*replayed.*finished/s)
      await page.getByRole('button', { name: /^Invocation 3: ran/ }).click()
      await page.waitForURL(/invocation=3/)

      await page.getByRole('treegrid', { name: 'Operations' }).getByText('disburse_funds').click()
      const panel = page.getByRole('complementary', { name: 'Selected operation' })
      await panel.getByRole('heading', { name: 'Result' }).waitFor()
      await page.getByRole('tab', { name: 'Input and result' }).click()
      await page.getByRole('region', { name: 'Input' }).getByText('Alice Johnson').waitFor()
    })
  })

  test('is linked to by its name alone', (t) =>
    withPage(browser, `${endpoint}/system`, t, {}, async (page) => {
      const name = await applyAsAlice()
      await page.goto(`${endpoint}/functions/LoanWorkflowFunction/executions/${name}`)
      await page.waitForURL(/\/executions\/[0-9a-f-]{36}/)
      await page.getByRole('heading', { name, level: 1 }).waitFor()
    }))
})
