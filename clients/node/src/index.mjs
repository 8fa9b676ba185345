// A running `lambdura up`, and what runs there.

import { execFile, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Answers } from './answers.mjs'
import { Clock } from './clock.mjs'
import { Execution } from './execution.mjs'
import { Http, ServerError } from './http.mjs'

export { Answers, Clock, Execution, ServerError }

/** Longest time for functions to be built, packages to be installed and everything to answer. */
const START_MS = 600_000

export class Lambdura {
  #http
  #binary
  #end

  constructor(endpoint, binary, end = async () => {}) {
    this.#http = new Http(endpoint)
    this.#binary = binary
    this.#end = end
    this.endpoint = endpoint
    this.clock = new Clock(this.#http)
    this.answers = new Answers(this.#http)
  }

  async start(functionName, event = null, { name, qualifier = 'live' } = {}) {
    const headers = { 'x-amz-invocation-type': 'Event' }
    if (name !== undefined) headers['x-amz-durable-execution-name'] = name
    const path = `/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations?Qualifier=${encodeURIComponent(qualifier)}`
    const answer = await this.#http.send('POST', path, JSON.stringify(event), headers)
    const arn = answer.headers.get('x-amz-durable-execution-arn')
    if (arn === null) throw new Error(`\`${functionName}\` is not a durable function`)
    return new Execution(this, this.#http, arn)
  }

  command(...args) {
    return new Promise((resolve, reject) => {
      execFile(this.#binary, [...args, '--endpoint', this.endpoint], (error, stdout, stderr) => {
        // A command that fails says so in words; one that is not there does not.
        if (error?.code === 'ENOENT') reject(notInstalled(this.#binary))
        else resolve(stdout + stderr)
      })
    })
  }

  stop() {
    return this.#end()
  }
}

export function connectLambdura({ endpoint = process.env.LAMBDURA_TEST_ENDPOINT, binary } = {}) {
  if (!endpoint) throw new Error('no server: have `@lambdura/testing/global-setup` run before the tests, or give an `endpoint`')
  return new Lambdura(endpoint, findBinary(binary))
}

export async function startLambdura({ template = '.', clock = 'auto', arguments: more = [], binary } = {}) {
  const program = findBinary(binary)
  const folder = await mkdtemp(join(tmpdir(), 'lambdura-'))
  const [ready, log] = [join(folder, 'ready.json'), join(folder, 'up.log')]
  const args = ['up', template, '--clock', clock, '--durability', 'os', '--listen', '127.0.0.1:0']
  args.push('--http-api-listen', '127.0.0.1:0', '--no-reload', '--data-dir', join(folder, 'data'), '--ready-file', ready, ...more)
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LAMBDURA_')))
  const output = openSync(log, 'w')
  const child = spawn(program, args, { stdio: ['ignore', output, output], env: environment })
  closeSync(output)
  const ended = new Promise((resolve) => {
    child.once('exit', (code) => resolve(`\`lambdura up\` ended with ${code}`))
    child.once('error', () => resolve(notInstalled(program).message))
  })
  const end = async () => {
    child.kill('SIGTERM')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  let problem
  void ended.then((how) => (problem = how))
  const deadline = Date.now() + START_MS
  for (;;) {
    const document = await readFile(ready, 'utf8').catch(() => '')
    if (document !== '') return new Lambdura(JSON.parse(document).endpoint, program, end)
    if (Date.now() > deadline) problem = `\`lambdura up\` was not up within ${START_MS / 1000} s`
    if (problem !== undefined) {
      const said = await readFile(log, 'utf8').catch(() => '')
      await end()
      throw new Error(`${problem}:\n${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const findBinary = (given) => given ?? process.env.LAMBDURA_BIN ?? 'lambdura'

const notInstalled = (program) => new Error(`\`${program}\` is not there; install lambdura, or set LAMBDURA_BIN to the program`)
