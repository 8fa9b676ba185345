/** The console of a server that lets nobody in unsigned: signing in with an access key, looking on, and out again. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { assertAccessible } from '../support/accessibility.mjs'
import { launchBrowser, withPage } from '../support/browser.mjs'
import { startShowcase } from '../support/system.mjs'

const LAPTOP = { viewport: { width: 1280, height: 800 } }

let browser
let system
let key

/** Makes an access key in the data folder of a server that does not run yet. */
function createKey(data) {
  const options = ['--policy', 'observe', '--data-dir', data, '--output', 'json']
  const { status, stdout, stderr } = spawnSync(process.env.LAMBDURA_BIN, ['keys', 'create', 'looker', ...options], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  key = JSON.parse(stdout)
}

before(async () => {
  ;[browser, system] = await Promise.all([launchBrowser(), startShowcase(['--enforce-policies'], createKey)])
})
after(() => Promise.all([browser?.close(), system?.close()]))

test('whoever shows an access key looks on for as long as they are signed in', async (t) => {
  await withPage(browser, system.endpoint, t, LAPTOP, async (page) => {
    const isOut = () => page.getByRole('heading', { name: 'Sign in to Lambdura' }).waitFor()
    const show = async (id, secret) => {
      await page.getByLabel('Access key ID').fill(id)
      await page.getByLabel('Secret access key').fill(secret)
      await page.getByRole('button', { name: 'Sign in' }).click()
    }
    await isOut()
    await assertAccessible(page, 'the sign-in')
    await show(key.access_key_id, 'a guess')
    await page.getByText('There is no such access key, or the secret is wrong.', { exact: true }).waitFor()
    await assertAccessible(page, 'the sign-in after a guess')

    await show(key.access_key_id, key.secret_access_key)
    await page.getByRole('heading', { name: /^Executions/ }).first().waitFor()
    await page.reload()
    const account = page.getByRole('button', { name: 'looker' })
    await account.waitFor()
    const cookies = await page.context().cookies()
    const [cookie] = cookies.filter(({ name }) => name === 'lambdura_session')
    assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, 'Strict'])

    // What the policy does not allow is not offered.
    await page.getByRole('heading', { name: /^Executions/ }).first().waitFor()
    assert.equal(await page.getByRole('button', { name: 'Start an execution' }).count(), 0)

    await account.click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await isOut()
    await page.goto(`${system.endpoint}/functions`)
    await isOut()
  })
})
