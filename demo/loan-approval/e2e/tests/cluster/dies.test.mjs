/** Alice applies at a system of several servers, and the one that drives her application is killed. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { after, before, it } from 'node:test'
import { promisify } from 'node:util'
import { launchBrowser, withPage } from '../../support/browser.mjs'
import { OUTCOME_TIMEOUT } from '../../support/loan-page.mjs'
import { openSystem } from '../../support/system.mjs'
import { until } from '../../support/until.mjs'

const { PSQL, CLUSTER } = process.env

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

/** The servers as they are: `{ number, cluster, pid }`; `pid` is null while one is dead. */
async function servers() {
  return JSON.parse(await readFile(CLUSTER, 'utf8'))
}

/** Where the server that drives the application's execution hears the others. PostgreSQL's own variables say where the database is. */
async function ownerAddress(application) {
  assert.match(application, /^LOAN-\d+-[A-Z0-9]{4}$/)
  const sql = `
    SELECT address FROM lambdura.execution_specs
    JOIN lambdura.shards ON shard = ('x' || right(execution_id, 2))::bit(8)::int
    JOIN lambdura.servers USING (server_id)
    WHERE execution_name = '${application}' AND expires_at > clock_timestamp()`
  const { stdout } = await promisify(execFile)(PSQL, ['-X', '-A', '-t', '-c', sql])
  return stdout.trim()
}

/** Kills the server that drives the application; answers its number and process. */
async function killOwner(application) {
  const address = await until('somebody drives the application', () => ownerAddress(application))
  const owner = (await servers()).find((server) => server.cluster === address)
  assert.ok(owner?.pid, `the owner at ${address} is one of ${JSON.stringify(await servers())}`)
  process.kill(owner.pid, 'SIGKILL')
  return owner
}

it('Alice is approved although the server that drives her application is killed, twice', async (t) => {
  await withPage(browser, system, t, {}, async (loan, page) => {
    await loan.apply('Alice Johnson')
    await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })
    const application = loan.applicationId()
    // It waits for the manager, and for nothing else.
    const first = await killOwner(application)
    const clicked = Date.now()
    await loan.dialog.getByRole('button', { name: 'Approve' }).click()
    await loan.waitForResult('Approved')
    t.diagnostic(`approved ${Date.now() - clicked} ms after its server had been killed`)

    // The killed server comes back under the same address, and is one of three again.
    await until('the killed server is back', async () => {
      const now = (await servers()).find((server) => server.number === first.number)
      return now.pid !== null && now.pid !== first.pid
    }, 60_000)

    // The second time while steps run.
    await loan.newButton.click()
    await loan.apply('Alice Johnson')
    const again = await until('the second application has an id', () => loan.applicationId() !== application && loan.applicationId())
    await killOwner(again)
    await loan.dialog.waitFor({ timeout: OUTCOME_TIMEOUT })
    await loan.dialog.getByRole('button', { name: 'Approve' }).click()
    await loan.waitForResult('Approved')
    await page.getByRole('status', { name: 'Application status' }).getByText('Approved.').waitFor()
  })
})
