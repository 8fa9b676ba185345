import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { LoanPage } from './loan-page.mjs'

/** Chromium now and then crashes as it starts, before it has seen any page; that is no finding about the page. */
const LAUNCHES_MAX = 3

/** A browser with an empty profile that talks to nobody but the page. */
export async function launchBrowser() {
  const options = {
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  }
  for (let launch = 1; ; launch += 1) {
    try {
      return await chromium.launch(options)
    } catch (error) {
      if (launch === LAUNCHES_MAX) throw error
      console.error(`Chromium did not start, and is started again: ${String(error).split('\n')[0]}`)
    }
  }
}

export const DESKTOP = { viewport: { width: 1440, height: 900 } }
export const PHONE = { viewport: { width: 360, height: 780 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }

/**
 * Opens the page in a context of its own for one test. An uncaught error in the page fails the test, and a failing
 * test leaves a picture of what it saw last.
 */
export async function withPage(browser, system, t, options, test) {
  const context = await browser.newContext({ ...DESKTOP, ...options })
  const page = await context.newPage()
  const uncaught = []
  page.on('pageerror', (error) => uncaught.push(error))
  try {
    await page.goto(system.pageUrl)
    await test(new LoanPage(page), page)
    if (uncaught.length > 0) throw new AggregateError(uncaught, `the page threw: ${uncaught.map(String).join('; ')}`)
  } catch (error) {
    const path = join(process.env.E2E_PICTURES ?? tmpdir(), `failed-${t.name.replaceAll(/\W+/g, '-').slice(0, 60)}.png`)
    await page.screenshot({ path, fullPage: true }).then(
      () => t.diagnostic(`what the page showed: ${path}, at ${page.url()}`),
      (cause) => t.diagnostic(`no picture of the page: ${cause}`),
    )
    throw error
  } finally {
    await context.close()
  }
}
