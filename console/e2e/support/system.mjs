/** The systems whose consoles are tested: the loan demo, which runs already, and showcases, which are started here. */

import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../../../demo/loan-approval/e2e/support/until.mjs'

const SHOWCASE = fileURLToPath(new URL('../../showcase/', import.meta.url))
/** Functions of its template: all are the same program. */
const FUNCTIONS = ['OrderFunction', 'ShippingFunction']

function required(name) {
  const value = process.env[name]
  if (!value) throw new Error(`Set ${name}, or run \`cargo xtask test --only console-browser\`, which sets it.`)
  return value
}

/** `{ endpoint, apiUrl }` of the loan demo. */
export const loanDemo = () => ({ endpoint: required('LAMBDURA_ENDPOINT'), apiUrl: required('API_URL') })

/** Starts a system with the functions of `console/showcase` on a store of its own; `prepare` is given its data folder before. */
export async function startShowcase(parameters = [], prepare = () => {}) {
  const program = required('LAMBDURA_BIN')
  const scratch = await mkdtemp(join(process.env.E2E_SCRATCH ?? tmpdir(), 'showcase-'))
  const data = join(scratch, 'data')
  for (const name of FUNCTIONS) {
    const folder = join(data, 'build', name)
    await mkdir(folder, { recursive: true })
    await copyFile(join(dirname(program), 'showcase'), join(folder, 'bootstrap'))
  }
  await prepare(data)
  const start = async () => {
    const readyFile = join(scratch, 'ready.json')
    await rm(readyFile, { force: true })
    const any = '127.0.0.1:0'
    const options = ['--no-build', '--build-profile', 'dev', '--listen', any, '--http-api-listen', any, '--data-dir', data, '--ready-file', readyFile, ...parameters]
    const child = spawn(program, ['up', SHOWCASE, ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
    const log = createWriteStream(join(scratch, 'lambdura.log'), { flags: 'a' })
    child.stdout.pipe(log)
    child.stderr.pipe(log)
    const ready = await until('the showcase is ready', async () => {
      if (child.exitCode !== null) throw new Error(`lambdura up ended with ${child.exitCode}; see ${scratch}/lambdura.log`)
      return JSON.parse(await readFile(readyFile, 'utf8'))
    })
    return { child, ready }
  }
  let { child, ready } = await start()
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
  return {
    get endpoint() {
      return ready.endpoint
    },
    data,
    get pid() {
      return child.pid
    },
    invoke: (scenario, options) => invoke(ready.endpoint, 'OrderFunction:live', scenario, options),
    execution: (id) => execution(ready.endpoint, id),
    ended: (id) => until(`execution ${id} has ended`, async () => ((await execution(ready.endpoint, id)).ended_at ?? null) !== null, 180_000),
    /** Stops it, does something to its data, and starts it again, at another endpoint. */
    restart: async (meanwhile) => {
      await stop()
      await meanwhile()
      ;({ child, ready } = await start())
    },
    /** Kills it in the middle of what it does, and starts it again, at another endpoint. */
    crash: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
      ;({ child, ready } = await start())
    },
    close: async () => {
      await stop()
      await rm(scratch, { recursive: true, force: true })
    },
  }
}

/** Starts a durable execution, and answers its id. */
export async function invoke(endpoint, qualified, payload, { name } = {}) {
  const [functionName, qualifier] = qualified.split(':')
  const headers = { 'Content-Type': 'application/json', 'X-Amz-Invocation-Type': 'Event' }
  if (name !== undefined) headers['X-Amz-Durable-Execution-Name'] = name
  const response = await fetch(`${endpoint}/2015-03-31/functions/${functionName}/invocations?Qualifier=${qualifier}`, { method: 'POST', headers, body: JSON.stringify(payload) })
  if (response.status !== 202) throw new Error(`Invoke answered ${response.status}: ${await response.text()}`)
  return response.headers.get('x-amz-durable-execution-arn').split('/').at(-1)
}

async function execution(endpoint, id) {
  const response = await fetch(`${endpoint}/lambdura/v1/executions/${id}`)
  if (!response.ok) throw new Error(`execution ${id}: ${response.status}`)
  return response.json()
}
