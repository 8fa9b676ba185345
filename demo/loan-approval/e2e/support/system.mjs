/** What is tested: the running system named by `PAGE_URL` and `API_URL`, or the page alone, which this file starts. */

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startMockApi } from '../mock-api.mjs'
import { until } from './until.mjs'

const FRONTEND = fileURLToPath(new URL('../../frontend/', import.meta.url))
const VITE = join(FRONTEND, 'node_modules/vite/bin/vite.js')

/** Seconds of the mock's workflow are this much shorter; the fraud check still spans several status reads. */
const MOCK_PACE = Number(process.env.MOCK_PACE ?? 0.3)

/**
 * Answers `{ pageUrl, apiUrl, mock, close }`; `mock` is `null` for a running system, else it can be taken down and up.
 */
export async function openSystem({ pace = MOCK_PACE } = {}) {
  const { PAGE_URL, API_URL } = process.env
  if (PAGE_URL && API_URL) return { pageUrl: bare(PAGE_URL), apiUrl: bare(API_URL), mock: null, close: async () => {} }
  if (PAGE_URL || API_URL) throw new Error('Set both PAGE_URL and API_URL to test a running system, or neither to test the page alone.')
  return startPageAlone({ pace })
}

/** The page built against a mock API, whatever the environment names. */
export async function startPageAlone({ pace = MOCK_PACE, replayPause = 0 } = {}) {
  let api = await startMockApi({ pace, replayPause })
  const { port, url: apiUrl } = api
  const mock = {
    down: () => api.close(),
    up: async () => {
      api = await startMockApi({ port, pace, replayPause, applications: api.applications })
    },
  }
  const built = await mkdtemp(join(tmpdir(), 'loan-page-'))
  const remove = () => rm(built, { recursive: true, force: true })
  try {
    await run(['build', '--outDir', built, '--emptyOutDir', '--logLevel', 'warn'], { VITE_API_URL: apiUrl, VITE_CONSOLE_URL: `${apiUrl}/functions/{function}/executions/{application_id}` })
    const pagePort = await freePort()
    const pageUrl = `http://127.0.0.1:${pagePort}`
    const preview = vite(['preview', '--outDir', built, '--port', String(pagePort), '--strictPort'], {})
    await until(`the page answers at ${pageUrl}`, async () => {
      if (preview.exitCode !== null) throw new Error(`vite preview ended with ${preview.exitCode}`)
      return fetch(pageUrl).then((response) => response.ok)
    })
    const close = async () => {
      const ended = new Promise((resolve) => preview.once('exit', resolve))
      preview.kill()
      await Promise.all([ended, api.close()])
      await remove()
    }
    return { pageUrl, apiUrl, mock, close }
  } catch (error) {
    await api.close()
    await remove()
    throw error
  }
}

function vite(parameters, env) {
  return spawn(process.execPath, [VITE, ...parameters], { cwd: FRONTEND, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'inherit'] })
}

async function run(parameters, env) {
  const child = vite(parameters, env)
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve))
  if (code !== 0) throw new Error(`vite ${parameters[0]} ended with ${code}; run \`npm ci\` in demo/loan-approval/frontend first.`)
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

function bare(url) {
  return url.replace(/\/+$/, '')
}
