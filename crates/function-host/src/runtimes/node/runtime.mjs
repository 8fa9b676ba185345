// A Lambda runtime client for Node.js: asks the Runtime API for invocations and runs the handler.
//
// Source of the protocol: Lambda developer guide, "Using the Lambda runtime API" and "Define Lambda
// function handler in Node.js". No dependencies.

import { existsSync } from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { format } from 'node:util'

import { advise, findPackages } from './packages.mjs'

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':')
const taskRoot = process.env.LAMBDA_TASK_ROOT ?? process.cwd()
const handlerName = process.argv[2] ?? process.env._HANDLER
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 })

/** The invocation that runs, for logs and for errors that nobody caught. */
let current

/** One call of the Runtime API. Waits as long as it takes: `next` is a long poll. */
function call(method, route, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host,
        port,
        agent,
        method,
        path: `/2018-06-01/runtime/${route}`,
        headers: body === undefined ? headers : { 'Content-Length': Buffer.byteLength(body), ...headers },
      },
      (response) => {
        const chunks = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() }),
        )
        response.on('error', reject)
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** Text of any value; some, such as objects without a prototype, cannot be made into text, and some throw. */
function text(value) {
  try {
    return String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

/** A property of an error as text. Reading one may throw; `stack` does where the name cannot be made into text. */
function property(error, name) {
  try {
    return text(error[name] ?? '')
  } catch {
    return ''
  }
}

/** The wire form of whatever was thrown. */
function errorDocument(error) {
  if (error instanceof Error || (error && typeof error === 'object' && 'message' in error)) {
    return {
      errorType: property(error, 'name') || 'Error',
      errorMessage: property(error, 'message'),
      trace: property(error, 'stack').split('\n'),
    }
  }
  return { errorType: typeof error, errorMessage: text(error), trace: [] }
}

/** A name fit for a header, which takes neither line breaks nor most of Unicode. The body has the name as it is. */
function headerValue(name) {
  return name.replace(/[^\x20-\x7e]/gu, '?').trim().slice(0, 256) || 'Error'
}

async function postError(route, document) {
  const body = JSON.stringify(document)
  await call('POST', route, body, {
    'Content-Type': 'application/json',
    'Lambda-Runtime-Function-Error-Type': headerValue(document.errorType),
  })
}

/** Lines as Lambda writes them: tab-separated text, or JSON where the function's log format says so. */
function patchConsole() {
  const json = process.env.AWS_LAMBDA_LOG_FORMAT === 'JSON'
  const order = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']
  const lowest = json ? Math.max(0, order.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL ?? 'INFO')) : 0
  const levels = { log: 'INFO', info: 'INFO', debug: 'DEBUG', trace: 'TRACE', warn: 'WARN', error: 'ERROR' }
  for (const [name, level] of Object.entries(levels)) {
    console[name] = (...values) => {
      if (order.indexOf(level) < lowest) return
      const timestamp = new Date().toISOString()
      if (json) {
        const only = values.length === 1 && values[0] && typeof values[0] === 'object' && !(values[0] instanceof Error)
        const message = only ? values[0] : format(...values)
        process.stdout.write(`${JSON.stringify({ timestamp, level, requestId: current?.awsRequestId, message })}\n`)
      } else {
        process.stdout.write(`${timestamp}\t${current?.awsRequestId ?? 'undefined'}\t${level}\t${format(...values)}\n`)
      }
    }
  }
}

/** `folder/module.nested.export` is the file `folder/module` with one of Node's endings. */
async function loadHandler() {
  const base = path.basename(handlerName ?? '')
  const dot = base.indexOf('.')
  if (dot < 1) throw Object.assign(new Error(`Bad handler "${handlerName}": not of the form module.export`), { name: 'Runtime.MalformedHandlerName' })
  const folder = path.resolve(taskRoot, handlerName.slice(0, handlerName.length - base.length))
  const module = path.join(folder, base.slice(0, dot))
  const file = ['', '.js', '.mjs', '.cjs'].map((ending) => module + ending).find((file) => existsSync(file) && path.extname(file))
  if (!file) throw Object.assign(new Error(`Cannot find module '${module}'`), { name: 'Runtime.ImportModuleError' })
  const exported = file.endsWith('.cjs') ? createRequire(pathToFileURL(file))(file) : await import(pathToFileURL(file))
  let handler = exported
  for (const part of base.slice(dot + 1).split('.')) {
    handler = handler?.[part] ?? (handler === exported ? exported.default?.[part] : undefined)
  }
  if (typeof handler !== 'function') {
    throw Object.assign(new Error(`${handlerName} is undefined or not exported`), { name: 'Runtime.HandlerNotFound' })
  }
  return handler
}

function makeContext(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms'])
  const header = (name) => headers[`lambda-runtime-${name}`]
  const json = (name) => (header(name) ? JSON.parse(header(name)) : undefined)
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    awsRequestId: header('aws-request-id'),
    invokedFunctionArn: header('invoked-function-arn'),
    clientContext: json('client-context'),
    identity: json('cognito-identity'),
    tenantId: header('aws-tenant-id'),
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  }
}

/** Runs a handler of any style: async, callback, or a stream that is collected. */
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    const done = (error, result) => (error === null || error === undefined ? resolve(result) : reject(error))
    Object.assign(context, { done, succeed: resolve, fail: (error) => reject(error ?? new Error('handled')) })
    if (handler[STREAMING]) {
      const stream = new CollectingStream()
      Promise.resolve(handler(event, stream, context)).then(() => resolve(stream.text()), reject)
      return
    }
    const returned = handler(event, context, done)
    if (returned && typeof returned.then === 'function') returned.then(resolve, reject)
    else if (handler.length < 3) resolve(returned)
  })
}

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming')
const { Writable } = await import('node:stream')

class CollectingStream extends Writable {
  #chunks = []
  _write(chunk, _encoding, done) {
    this.#chunks.push(Buffer.from(chunk))
    done()
  }
  setContentType() {}
  text() {
    return Buffer.concat(this.#chunks).toString()
  }
}

globalThis.awslambda = {
  streamifyResponse: (handler) => Object.assign(handler, { [STREAMING]: true }),
  HttpResponseStream: { from: (stream) => stream },
}

/** The error that Lambda makes of a rejection that nobody handles: the reason's name is part of its message. */
function unhandled(reason) {
  const error = new Error(text(reason))
  if (reason instanceof Error) error.stack = property(reason, 'stack')
  return Object.assign(error, { name: 'Runtime.UnhandledPromiseRejection' })
}

async function dieOf(error) {
  const document = errorDocument(error instanceof Error ? error : new Error(text(error)))
  try {
    await postError(current ? `invocation/${current.awsRequestId}/error` : 'init/error', document)
  } finally {
    process.stderr.write(`${document.trace.join('\n') || document.errorMessage}\n`)
    process.exit(1)
  }
}

/** Prints what a handler threw. Showing it may throw again: then its wire form has to do. */
function printError(error, document) {
  try {
    console.error('Invoke Error\t', document.errorMessage, error)
  } catch {
    console.error('Invoke Error\t', document.errorMessage, document)
  }
}

patchConsole()
process.on('uncaughtException', (error) => dieOf(error))
process.on('unhandledRejection', (reason) => dieOf(unhandled(reason)))

findPackages(process.env.LAMBDURA_NODE_PACKAGES)

let handler
try {
  handler = await loadHandler()
} catch (error) {
  await dieOf(advise(error))
}

for (;;) {
  const next = await call('GET', 'invocation/next')
  if (next.status !== 200) {
    process.stderr.write(`the Runtime API answered ${next.status}: ${next.body}\n`)
    process.exit(1)
  }
  process.env._X_AMZN_TRACE_ID = next.headers['lambda-runtime-trace-id'] ?? ''
  current = makeContext(next.headers)
  const route = `invocation/${current.awsRequestId}`
  try {
    const result = await run(handler, JSON.parse(next.body), current)
    const body = handler[STREAMING] ? result : (JSON.stringify(result === undefined ? null : result) ?? 'null')
    await call('POST', `${route}/response`, body, { 'Content-Type': 'application/json' })
  } catch (error) {
    const document = errorDocument(error)
    printError(error, document)
    await postError(`${route}/error`, document)
  }
  current = undefined
}
