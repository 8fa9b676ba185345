/** Writes pictures of all pages: `node pictures.mjs <folder>`; `cargo xtask console --pictures <folder>` sets everything up. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from '../../demo/loan-approval/e2e/support/until.mjs'
import { DESKTOP, launchBrowser, PHONE } from './support/browser.mjs'
import { startShowcase } from './support/system.mjs'

const folder = process.argv[2]
if (!folder) {
  console.error('Usage: node pictures.mjs <folder>')
  process.exit(2)
}
await mkdir(folder, { recursive: true })

const system = await startShowcase()
const browser = await launchBrowser()

/** An order that waits for its warehouse, one that is at work, one that failed, and a crowd. */
async function fill() {
  const order = await system.invoke({ scenario: 'order', order: 'A-1001', pace: 1 }, { name: 'order-A-1001' })
  for (let number = 1002; number < 1030; number += 1) {
    const scenario = number % 9 === 0 ? { scenario: 'fail', message: `card declined for order A-${number}` } : { scenario: 'quick', order: `A-${number}` }
    await system.invoke(scenario, { name: `order-A-${number}` })
  }
  await system.invoke({ scenario: 'wait', seconds: 3_600 }, { name: 'reminder-7' })
  await system.invoke({ scenario: 'callback', name: 'manager-approval' }, { name: 'refund-12' })
  await until('the order waits for its warehouse', async () => (await system.execution(order)).next_wake_up?.reason === 'CALLBACK_TIMEOUT', 60_000)
  const approved = await system.invoke({ scenario: 'order', order: 'A-1030', pace: 1 }, { name: 'order-A-1030' })
  await until('the second order waits too', async () => (await system.execution(approved)).next_wake_up?.reason === 'CALLBACK_TIMEOUT', 60_000)
  return { order, approved }
}

const { order } = await fill()
const failed = (await (await fetch(`${system.endpoint}/lambdura/v1/executions?status=FAILED&limit=1`)).json()).executions[0].execution_id

const PAGES = {
  executions: '/executions',
  timeline: `/executions/${order}`,
  events: `/executions/${order}?tab=events&event=5`,
  logs: `/executions/${order}?tab=logs`,
  operations: `/executions/${order}?tab=operations`,
  failed: `/executions/${failed}?tab=data`,
  waiting: '/waiting',
  functions: '/functions',
  function: '/functions/OrderFunction',
  monitoring: '/functions/OrderFunction?tab=monitoring',
  invoke: '/functions/OrderFunction?tab=invoke',
  system: '/system',
}

async function tour(prefix, options) {
  const context = await browser.newContext({ ...options, reducedMotion: 'reduce' })
  const page = await context.newPage()
  // The loan at work: running things are part of the picture.
  const running = await system.invoke({ scenario: 'steps', count: 40, millis: 1_000 }, { name: `stocktaking-${prefix}` })
  for (const [name, path] of Object.entries(PAGES)) {
    await page.goto(system.endpoint + path)
    await page.getByRole('main').waitFor()
    await page.evaluate(() => document.fonts.ready)
    await page.locator('.late').first().waitFor({ state: 'detached' })
    const file = join(folder, `${prefix}-${name}.png`)
    await page.screenshot({ path: file, fullPage: prefix === 'phone' })
    console.log(file)
  }
  await fetch(`${system.endpoint}/2025-12-01/durable-executions/${encodeURIComponent((await system.execution(running)).arn)}/stop`, { method: 'POST', body: '{}' })
  await context.close()
}

try {
  const size = { viewport: { width: 1440, height: 960 } }
  await tour('desktop-light', { ...DESKTOP, ...size, colorScheme: 'light' })
  await tour('desktop-dark', { ...DESKTOP, ...size, colorScheme: 'dark' })
  await tour('phone', { ...PHONE, colorScheme: 'light' })
} finally {
  await browser.close()
  await system.close()
}
