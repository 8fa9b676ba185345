import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

/** Chromium now and then crashes as it starts, before it has seen any page; that is no finding about the page. */
const LAUNCHES_MAX = 3

/** A browser with an empty profile that talks to nobody but the console. */
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
 * Opens `url` in a context of its own for one test. An uncaught error in the page, and a request to anywhere but the
 * console's own server, fail the test; a failing test leaves a picture of what it saw last.
 */
export async function withPage(browser, url, t, options, test) {
  const context = await browser.newContext({ ...DESKTOP, ...options })
  const page = await context.newPage()
  const wrong = []
  page.on('pageerror', (error) => wrong.push(`the page threw: ${error.stack ?? error}`))
  page.on('request', (request) => {
    const asked = new URL(request.url())
    if (asked.protocol.startsWith('http') && asked.origin !== new URL(url).origin) wrong.push(`the page asked ${asked.origin}`)
  })
  try {
    await page.goto(url)
    await test(page)
    if (wrong.length > 0) throw new Error(wrong.join('; '))
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
