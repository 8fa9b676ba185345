// A Lambda runtime client for Node.js: asks the Runtime API for invocations and runs the handler.
//
// Source of the protocol: Lambda developer guide, "Using the Lambda runtime API" and "Define Lambda
// function handler in Node.js". No dependencies.

import { AsyncLocalStorage } from 'node:async_hooks'
import { existsSync } from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'
import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { format } from 'node:util'

import { advise, findPackages } from './packages.mjs'

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':')
const taskRoot = process.env.LAMBDA_TASK_ROOT ?? process.cwd()
const handlerName = process.argv[2] ?? process.env._HANDLER

/** How many invocations this process has at a time: set for functions on managed instances only. */
const concurrency = Number(process.env.AWS_LAMBDA_MAX_CONCURRENCY ?? 0)
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 * Math.max(1, concurrency) })

const ERROR_TYPE = 'Lambda-Runtime-Function-Error-Type'
const ERROR_BODY = 'Lambda-Runtime-Function-Error-Body'

/** The invocation that runs where there is one at a time, which may be asked for from anywhere. */
let only

/** The invocations that run side by side, each known to the code that it has called. */
const invocations = new AsyncLocalStorage()

/** The invocation that runs, for logs and for errors that nobody caught. */
const current = () => (concurrency ? invocations.getStore() : only)

/** What is there for debuggers, where one may come. */
let debugging

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
    [ERROR_TYPE]: headerValue(document.errorType),
  })
}

/** Writes one line of the log. Carriage returns stand for the line breaks within it, so that a stack trace stays together. */
function writeLine(stream, line) {
  stream.write(`${line.replaceAll('\n', '\r')}\n`)
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
        process.stdout.write(`${JSON.stringify({ timestamp, level, requestId: current()?.awsRequestId, message })}\n`)
      } else {
        writeLine(process.stdout, `${timestamp}\t${current()?.awsRequestId ?? 'undefined'}\t${level}\t${format(...values)}`)
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
    xRayTraceId: header('trace-id'),
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  }
}

/** Runs a handler that returns its response, or calls back with it. */
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    const done = (error, result) => (error === null || error === undefined ? resolve(result) : reject(error))
    Object.assign(context, { done, succeed: resolve, fail: (error) => reject(error ?? new Error('handled')) })
    const returned = handler(event, context, done)
    if (returned && typeof returned.then === 'function') returned.then(resolve, reject)
    else if (handler.length < 3) resolve(returned)
  })
}

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming')
const PRELUDE_TYPE = 'application/vnd.awslambda.http-integration-response'

/** What ends a prelude, and what JSON never has: eight zero bytes. */
const PRELUDE_END = Buffer.alloc(8)

/** A response that is sent as the handler writes it. Nothing is sent before the first write, so that a handler that fails before that fails as any other. */
class ResponseStream extends Writable {
  #route
  #request
  #answered
  #contentType = 'application/octet-stream'
  #prelude

  constructor(route) {
    super()
    this.#route = route
    // Whoever waits for the stream is told; nobody else has to listen.
    this.on('error', () => {})
  }

  get begun() {
    return this.#request !== undefined
  }

  setContentType(type) {
    this.#contentType = String(type)
  }

  /** What comes before the body: status, headers and cookies. */
  setPrelude(metadata) {
    this.setContentType(PRELUDE_TYPE)
    this.#prelude = Buffer.concat([Buffer.from(JSON.stringify(metadata)), PRELUDE_END])
  }

  write(chunk, ...rest) {
    const plain = chunk === null || typeof chunk === 'string' || ArrayBuffer.isView(chunk)
    return super.write(plain ? chunk : JSON.stringify(chunk), ...rest)
  }

  #begin() {
    if (this.begun) return
    this.#request = http.request({
      host,
      port,
      agent,
      method: 'POST',
      path: `/2018-06-01/runtime/${this.#route}/response`,
      headers: {
        'Content-Type': this.#contentType,
        'Lambda-Runtime-Function-Response-Mode': 'streaming',
        'Transfer-Encoding': 'chunked',
        Trailer: `${ERROR_TYPE}, ${ERROR_BODY}`,
      },
    })
    this.#answered = new Promise((resolve, reject) => {
      this.#request.on('error', reject)
      this.#request.on('response', (response) => response.resume().on('end', resolve).on('error', reject))
    })
    this.#answered.catch((error) => this.destroy(error))
    if (this.#prelude) this.#request.write(this.#prelude)
    else this.#request.flushHeaders()
  }

  _write(chunk, _encoding, done) {
    this.#begin()
    // Called once the chunk is on its way, so that a slow reader slows the handler down.
    this.#request.write(chunk, done)
  }

  _final(done) {
    this.#begin()
    this.#request.end()
    this.#answered.then(() => done(), done)
  }

  /** Ends a response that has begun, and says in its trailers that it is not whole. */
  async breakOff(document) {
    this.#request.addTrailers({
      [ERROR_TYPE]: headerValue(document.errorType),
      [ERROR_BODY]: Buffer.from(JSON.stringify(document)).toString('base64'),
    })
    this.#request.end()
    await this.#answered
  }
}

globalThis.awslambda = {
  streamifyResponse: (handler) => Object.assign(handler, { [STREAMING]: true }),
  HttpResponseStream: {
    from(stream, metadata) {
      if (stream instanceof ResponseStream) {
        stream.setPrelude(metadata)
      } else {
        stream.setContentType?.(PRELUDE_TYPE)
        stream.write(JSON.stringify(metadata))
        stream.write(PRELUDE_END)
      }
      return stream
    },
  },
}

/** Runs a handler that writes its response itself, until all of it is written. */
async function runStreaming(handler, event, context, route) {
  const stream = new ResponseStream(route)
  try {
    await handler(event, stream, context)
    await finished(stream, { readable: false })
  } catch (error) {
    if (!stream.begun) throw error
    const document = errorDocument(error)
    printError(error, document)
    await stream.breakOff(document)
  }
}

/** The error that Lambda makes of a rejection that nobody handles: the reason's name is part of its message. */
function unhandled(reason) {
  const error = new Error(text(reason))
  if (reason instanceof Error) error.stack = property(reason, 'stack')
  return Object.assign(error, { name: 'Runtime.UnhandledPromiseRejection' })
}

async function dieOf(error) {
  const document = errorDocument(error instanceof Error ? error : new Error(text(error)))
  // First, so that it is part of the invocation's log: the host reads what was written before the error came.
  writeLine(process.stderr, document.trace.join('\n') || document.errorMessage)
  // Those that run beside it are lost with the process, whose end the host notices.
  const invocation = current()
  try {
    await postError(invocation ? `invocation/${invocation.awsRequestId}/error` : 'init/error', document)
  } finally {
    debugging?.dismiss()
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
if (process.env.LAMBDURA_DEBUG_SOURCES) {
  debugging = await import('./sources.mjs')
  debugging.tellSources()
}

let handler
try {
  handler = await loadHandler()
} catch (error) {
  await dieOf(advise(error))
}

/** Runs one invocation, from its event to its answer. */
async function serve(event, context) {
  const route = `invocation/${context.awsRequestId}`
  try {
    const parsed = JSON.parse(event)
    if (handler[STREAMING]) {
      await runStreaming(handler, parsed, context, route)
    } else {
      const result = await run(handler, parsed, context)
      const body = JSON.stringify(result === undefined ? null : result) ?? 'null'
      await call('POST', `${route}/response`, body, { 'Content-Type': 'application/json' })
    }
  } catch (error) {
    const document = errorDocument(error)
    printError(error, document)
    await postError(`${route}/error`, document)
  }
}

/** Asks for invocations, one after another. */
async function poll() {
  for (;;) {
    const next = await call('GET', 'invocation/next')
    if (next.status !== 200) {
      process.stderr.write(`the Runtime API answered ${next.status}: ${next.body}\n`)
      process.exit(1)
    }
    const context = makeContext(next.headers)
    if (concurrency) {
      await invocations.run(context, () => serve(next.body, context))
    } else {
      process.env._X_AMZN_TRACE_ID = context.xRayTraceId ?? ''
      only = context
      await serve(next.body, context)
      only = undefined
    }
  }
}

await Promise.all(Array.from({ length: Math.max(1, concurrency) }, poll))
