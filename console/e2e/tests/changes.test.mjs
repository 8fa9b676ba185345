/** The record of changes: who did what, newest first, told apart from uses and refusals, searched, and at its address. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assertAccessible } from '../support/accessibility.mjs'
import { launchBrowser, withPage } from '../support/browser.mjs'
import { startShowcase } from '../support/system.mjs'

const LAPTOP = { viewport: { width: 1280, height: 800 } }
let browser
let system
let admin
let looker

function lambdura(options, key) {
  const variables = key ? { LAMBDURA_ENDPOINT: system.endpoint, LAMBDURA_ACCESS_KEY_ID: key.access_key_id, LAMBDURA_SECRET_ACCESS_KEY: key.secret_access_key } : {}
  return spawnSync(process.env.LAMBDURA_BIN, options, { encoding: 'utf8', env: { ...process.env, ...variables } })
}

/** Makes an access key: in the data folder of a server that does not run yet, or at one by somebody's key. */
function createKey(name, policy, { data, by }) {
  const { status, stdout, stderr } = lambdura(['keys', 'create', name, '--policy', policy, '--output', 'json', ...(data ? ['--data-dir', data] : [])], by)
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

before(async () => {
  const prepare = (data) => {
    admin = createKey('boss', 'admin', { data })
    looker = createKey('looker', 'observe', { data })
  }
  ;[browser, system] = await Promise.all([launchBrowser(), startShowcase(['--enforce-policies'], prepare)])
  const first = createKey('first', 'observe', { by: admin })
  const disabled = lambdura(['keys', 'disable', first.access_key_id], admin)
  assert.equal(disabled.status, 0, disabled.stderr)
  const refused = lambdura(['keys', 'create', 'more', '--policy', 'admin'], looker)
  assert.notEqual(refused.status, 0, refused.stdout)
})
after(() => Promise.all([browser?.close(), system?.close()]))

async function signIn(page) {
  await page.getByLabel('Access key ID').fill(admin.access_key_id)
  await page.getByLabel('Secret access key').fill(admin.secret_access_key)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** What of the page scrolls sideways. */
const scrolling = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('html, main *')]
      .filter((element) => element.scrollWidth > element.clientWidth + 1 && (element === document.documentElement || ['auto', 'scroll'].includes(getComputedStyle(element).overflowX)))
      .map((element) => `${element.tagName} ${String(element.className).slice(0, 60)}: ${element.scrollWidth} in ${element.clientWidth}`),
  )

test('the record of changes says who did what, and finds it', async (t) => {
  await withPage(browser, `${system.endpoint}/executions`, t, LAPTOP, async (page) => {
    await signIn(page)
    await page.getByRole('link', { name: 'Changes', exact: true }).click()
    await page.getByRole('heading', { name: 'Changes', level: 1 }).waitFor()
    const table = page.getByRole('table', { name: 'Record of changes' })
    const disabled = table.getByRole('row').filter({ hasText: 'lambdura:DisableAccessKey' })
    await disabled.waitFor()

    // Who, from where, and with what success; the newest first. Two keys were made without a server.
    const rows = await table.getByRole('row').all()
    const told = await Promise.all(rows.slice(1).map(async (row) => [await row.getByRole('rowheader').innerText(), ...(await row.getByRole('cell').allInnerTexts()).slice(1)]))
    const here = 'key boss\nfrom 127.0.0.1'
    assert.deepEqual(
      told.map(([who, action]) => [who.startsWith('user ') ? 'user' : who, action]),
      [
        [here, 'lambdura:SignIn'],
        [here, 'lambdura:DisableAccessKey'],
        [here, 'lambdura:CreateAccessKey'],
        ['user', 'lambdura:CreateAccessKey'],
        ['user', 'lambdura:CreateAccessKey'],
      ],
    )
    await disabled.getByText('Done', { exact: true }).waitFor()
    // Who was refused changed nothing.
    assert.equal(await table.getByText('Refused', { exact: true }).count(), 0)

    assert.deepEqual(await scrolling(page), [])
    await assertAccessible(page, 'the record of changes')
    if (process.env.E2E_PICTURES) await page.screenshot({ path: join(process.env.E2E_PICTURES, 'changes.png') })

    await page.getByText('Uses and refusals', { exact: true }).click()
    const refused = table.getByRole('row').filter({ hasText: 'key looker' }).filter({ hasText: 'lambdura:CreateAccessKey' })
    await refused.getByText('Refused', { exact: true }).waitFor()
    await refused.getByText('403 AccessDeniedException', { exact: true }).waitFor()
    assert.equal(await disabled.count(), 0)
    await assertAccessible(page, 'uses and refusals')

    await page.getByText('Everything', { exact: true }).click()
    await refused.waitFor()
    await disabled.waitFor()

    // Searched for, and found again at this address.
    const search = page.getByRole('searchbox', { name: 'Search the record' })
    await search.fill('Disable')
    await refused.waitFor({ state: 'detached' })
    await disabled.waitFor()
    await page.waitForURL((url) => url.searchParams.get('text') === 'Disable')
    await page.reload()
    await disabled.waitFor()
    assert.equal(await search.inputValue(), 'Disable')
    assert.equal(await table.getByRole('row').count(), 2)
    await search.fill('nobody did this')
    await page.getByText('Nothing that is recorded contains this text').waitFor()
    await assertAccessible(page, 'a search that finds nothing')
  })
})
