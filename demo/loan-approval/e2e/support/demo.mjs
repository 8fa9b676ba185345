/** The demo as its command starts it, with the button that kills its server. Needs `LAMBDURA_BIN`, built with the page. */

import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './until.mjs'

/** Answers `{ pageUrl, apiUrl, ready, close }`. `pace` is the share of the real durations. */
export async function startDemo({ pace }) {
  const folder = await mkdtemp(join(tmpdir(), 'loan-demo-'))
  const readyFile = join(folder, 'ready.json')
  const free = '127.0.0.1:0'
  const parameters = ['demo', '--pace', String(pace), '--ready-file', readyFile, '--listen', free, '--http-api-listen', free, '--page-listen', free]
  const child = spawn(process.env.LAMBDURA_BIN, parameters, { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)))
  const ready = async () => JSON.parse(await readFile(readyFile, 'utf8'))
  const first = await until('the demo is ready', () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
    return ready()
  }, 60_000)
  if (!first.page) {
    child.kill('SIGTERM')
    throw new Error('this program was built without the page: run `cargo xtask console` and build it again')
  }
  const close = async () => {
    child.kill('SIGTERM')
    const code = await ended
    await rm(folder, { recursive: true, force: true })
    if (code !== 0) throw new Error(`the demo ended with ${code}`)
  }
  return { pageUrl: first.page, apiUrl: first.http_apis.LoanApi, mock: null, ready, close }
}
