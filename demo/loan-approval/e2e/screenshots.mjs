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
  await page.route(`${system.apiUrl}/**`, (route) => route.abort('connectionrefused'))
  await loan.apply('Charlie Wilson')
  await loan.banner.waitFor()
  await shoot('8-api-down', true)
  await context.close()
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
