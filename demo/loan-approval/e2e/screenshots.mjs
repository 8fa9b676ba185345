/** Writes pictures of the page's main states: `node screenshots.mjs <folder>`. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DESKTOP, launchBrowser, PHONE } from './support/browser.mjs'
import { LoanPage } from './support/loan-page.mjs'
import { openSystem } from './support/system.mjs'

const folder = process.argv[2]
if (!folder) {
  console.error('Usage: node screenshots.mjs <folder>')
  process.exit(2)
}
await mkdir(folder, { recursive: true })

const system = await openSystem()
const browser = await launchBrowser()

async function tour(prefix, options) {
  const context = await browser.newContext({ ...options, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const loan = new LoanPage(page)
  const shoot = async (name, fullPage = false) => {
    const path = join(folder, `${prefix}-${name}.png`)
    await page.screenshot({ path, fullPage })
    console.log(path)
  }
  await page.goto(system.pageUrl)
  await page.evaluate(() => document.fonts.ready)
  await shoot('1-start')
  await loan.profile('Alice Johnson').click()
  await shoot('2-filled', true)
  await loan.submitButton.click()
  await loan.step('Credit check').filter({ hasText: 'Running' }).waitFor()
  await shoot('3-running')
  await loan.dialog.waitFor({ timeout: 60_000 })
  await shoot('4-manager')
  await loan.dialog.getByRole('button', { name: 'Decide later' }).click()
  await shoot('5-suspended', true)
  await page.getByRole('button', { name: 'Review and decide' }).click()
  await loan.dialog.getByRole('button', { name: 'Approve' }).click()
  await loan.waitForResult('Approved')
  await shoot('6-approved', true)
  await loan.newButton.click()
  await loan.apply('Bob Martinez')
  await loan.waitForResult('Denied')
  await shoot('7-denied', true)
  await loan.newButton.click()
  await compare(loan, page, shoot)
  await page.getByRole('radio', { name: 'Durable function' }).check()
  await page.route(`${system.apiUrl}/**`, (route) => route.abort('connectionrefused'))
  await loan.apply('Charlie Wilson')
  await loan.banner.waitFor()
  await shoot('10-api-down', true)
  await context.close()
}

/** Alice in both engines, from the form to the figures. */
async function compare(loan, page, shoot) {
  await loan.profile('Alice Johnson').click()
  await page.getByRole('radio', { name: 'Compare both' }).check()
  await page.getByRole('button', { name: 'Submit to both' }).click()
  await loan.dialog.waitFor({ timeout: 60_000 })
  await loan.dialog.getByRole('button', { name: 'Approve' }).click()
  for (const engine of ['Durable function', 'State machine']) {
    await page.getByRole('region', { name: engine, exact: true }).getByText('Approved', { exact: true }).waitFor({ timeout: 60_000 })
  }
  // The last invocation is counted a moment after the end.
  await page.getByText(/· 3 invocations/).waitFor()
  await shoot('8-compare')
  await shoot('9-compare-whole', true)
  await loan.newButton.click()
}

try {
  await Promise.all([
    tour('desktop-light', { ...DESKTOP, colorScheme: 'light' }),
    tour('desktop-dark', { ...DESKTOP, colorScheme: 'dark' }),
    tour('phone', { ...PHONE, colorScheme: 'light' }),
  ])
} finally {
  await browser.close()
  await system.close()
}
