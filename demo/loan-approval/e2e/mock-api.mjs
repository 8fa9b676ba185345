/**
 * The loan API without its workflow: the same three calls, the same answers, a simulated history behind them.
 * For developing the page (`node mock-api.mjs --port 3000 --pace 1`) and for testing the page alone.
 *
 * It writes history as the real workflow does, replays included: after each callback the run starts from the top, and
 * its earlier entries come again at level `replay`. One applicant exists only here: SIN 0000 fails at the credit check.
 */

import { createHash, randomInt } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/** Bytes. An application is a few hundred. */
const BODY_MAX = 64 * 1024

/** Dollars; source: the seed's README. */
const MANAGER_FROM = 100_000

/** Seconds of simulated work per stage, times `pace`; source: the seed's workflow. */
const SECONDS = { start: 0.3, validating: 2, credit_check: 3, risk_assessment: 2, resume: 0.2, fraud_check: 5, generating_offer: 2, disbursing: 2 }

const BUREAUS = ['equifax', 'transunion', 'experian']

class Refusal extends Error {
  constructor(statusCode, message) {
    super(message)
    this.statusCode = statusCode
  }
}

/**
 * Starts the API on loopback. `port` 0 picks a free one; `pace` scales the simulated work, 0 removes it.
 * `replayPause` stretches each replay, at its first and its last entry, to so many milliseconds.
 * `close()` drops every connection and ends the simulated executions; a new start knows none of the old applications
 * unless it is given them: `startMockApi({ applications: old.applications })`.
 */
export async function startMockApi({ port = 0, pace = 1, replayPause = 0, applications = new Map() } = {}) {
  const stop = new AbortController()
  const server = createServer((request, response) => void answer(request, response))

  async function answer(request, response) {
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.setHeader('Access-Control-Allow-Headers', 'content-type')
    response.setHeader('Access-Control-Allow-Methods', 'GET,POST,OPTIONS')
    if (request.method === 'OPTIONS') return void response.writeHead(204).end()
    const [status, body] = await route(request).then(
      (answered) => [200, answered],
      (error) => (error instanceof Refusal ? [error.statusCode, { statusCode: error.statusCode, message: error.message }] : [500, { statusCode: 500, message: String(error) }]),
    )
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  }

  async function route(request) {
    const { pathname, searchParams } = new URL(request.url, 'http://mock')
    if (pathname === '/lambdura/v1/executions/cost') return cost(known(searchParams.get('name')), searchParams.get('function'))
    const [, resource, id, rest] = pathname.split('/').map(decodeURIComponent)
    if (rest === undefined && request.method === 'POST' && resource === 'apply' && id === undefined) return applied(await json(request))
    if (rest === undefined && request.method === 'GET' && resource === 'status' && id) return shown(known(id))
    if (rest === undefined && request.method === 'POST' && resource === 'approve' && id) return approved(known(id), await json(request))
    throw new Refusal(404, 'Not found')
  }

  function known(id) {
    const application = applications.get(id)
    if (!application) throw new Refusal(404, 'Application not found')
    return application
  }

  function applied(body) {
    for (const field of ['name', 'sin']) {
      if (typeof body[field] !== 'string' || body[field].trim() === '') throw new Refusal(400, `Missing required field: ${field}`)
    }
    if (!['durable', 'state-machine', undefined].includes(body.engine)) throw new Refusal(400, 'engine must be durable or state-machine')
    if (typeof body.loan_amount !== 'number' || !(body.loan_amount > 0)) throw new Refusal(400, 'loan_amount must be a number above 0')
    const now = new Date().toISOString()
    const application = {
      engine: body.engine ?? 'durable',
      application_id: `LOAN-${Math.floor(Date.now() / 1000)}-${suffix()}`,
      status: 'submitted',
      current_step: 'submitted',
      applicant_name: body.name.trim(),
      loan_amount: body.loan_amount,
      logs: [{ timestamp: now, step: 'submitted', message: 'Application received', level: 'info' }],
      result: null,
      created_at: now,
      updated_at: now,
      sin: body.sin,
      manager: null,
    }
    applications.set(application.application_id, application)
    void execute(application, pace, replayPause, stop.signal).catch((error) => {
      if (!stop.signal.aborted) throw error
    })
    return { application_id: application.application_id }
  }

  function approved(application, body) {
    if (typeof body.approved !== 'boolean') throw new Refusal(400, 'approved must be true or false')
    if (!application.manager) throw new Refusal(409, 'No approval is pending for this application')
    application.manager(body.approved ? { approved: true } : { approved: false, reason: body.reason ?? 'Manager denied the application' })
    application.manager = null
    return { status: 'approval_sent', approved: body.approved }
  }

  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const close = () =>
    new Promise((resolve) => {
      stop.abort()
      server.close(resolve)
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${server.address().port}`, port: server.address().port, applications, close }
}

/** What the API shows: never the applicant's SIN, never the callback. */
function shown({ sin: _sin, manager: _manager, ...application }) {
  return application
}

async function json(request) {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk
    if (body.length > BODY_MAX) throw new Refusal(400, 'The body is too large')
  }
  try {
    const value = JSON.parse(body)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Falls through to the same answer as JSON of the wrong kind.
  }
  throw new Refusal(400, 'Invalid JSON body')
}

function suffix() {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
  return Array.from({ length: 4 }, () => alphabet[randomInt(alphabet.length)]).join('')
}

/** What the service would say of its cost: shaped as the real answer is, its figures made up of the log. */
function cost(application, name) {
  const fresh = application.logs.filter((entry) => entry.level !== 'replay')
  const instants = fresh.map((entry) => Date.parse(entry.timestamp))
  const [startedAt, endedAt] = [instants[0], instants.at(-1)]
  const isOver = ['approved', 'denied', 'failed'].includes(application.status)
  const isMachine = name === 'LoanStateMachine'
  const operations = isMachine ? 0 : fresh.length
  const transitions = isMachine ? fresh.length : 0
  const total = operations * 8e-6 + transitions * 25e-6
  return {
    execution_id: application.application_id,
    function: name,
    started_at: startedAt,
    ...(isOver && { ended_at: endedAt }),
    usage: { operations, transitions, bytes_written: isMachine ? 0 : 800, bytes_passed: isMachine ? 900 : 0, byte_hours_retained: isMachine ? 0 : 58_400, requests: isMachine ? 9 : 3, gb_seconds_x86_64: 1.5, gb_seconds_arm64: 0 },
    bill: [{ meter: isMachine ? 'state transitions' : 'durable operations', amount: total }],
    runs: [1, 1_000, 1_000_000].map((runs) => ({ runs, total: total * runs })),
    compute: [{ function: name, began_at: startedAt, ended_at: endedAt, is_lost: false }],
    steps: [],
    prices: { region: 'us-east-1', read_on: '2026-09-20', sources: ['https://aws.amazon.com/lambda/pricing/'] },
    assumptions: ['A state transition is a state that is entered.'],
  }
}

async function execute(application, pace, replayPause, signal) {
  const work = (stage) => sleep(SECONDS[stage] * 1000 * pace, undefined, { signal })
  const history = []
  const write = (step, message, status, level = 'info', result = null) => {
    const timestamp = new Date().toISOString()
    application.logs.push({ timestamp, step, message, level })
    Object.assign(application, { status, current_step: step, updated_at: timestamp, ...(result && { result }) })
  }
  const log = (step, message, status, level, result) => {
    history.push({ step, message, status })
    write(step, message, status, level, result)
  }
  const replay = async () => {
    for (const [index, { step, message, status }] of history.entries()) {
      write(step, `[REPLAY] ${message}`, status, 'replay')
      if (index === 0 || index === history.length - 1) await sleep(replayPause, undefined, { signal })
    }
  }
  const identity = { application_id: application.application_id, applicant_name: application.applicant_name }
  const amount = application.loan_amount

  await work('start')
  log('validating', 'Validating loan application...', 'processing')
  await work('validating')
  log('validating', 'Application validated successfully', 'processing')

  log('credit_check', 'Pulling credit reports from 3 bureaus...', 'processing')
  await work('credit_check')
  if (application.sin === '0000') return log('error', 'Workflow error: equifax did not answer after 3 attempts', 'failed', 'error')
  const scores = BUREAUS.map((bureau) => score(bureau, application.sin))
  log('credit_check', `Credit scores received: ${BUREAUS.map((bureau, index) => `${bureau}=${scores[index]}`).join(', ')}`, 'processing')

  log('risk_assessment', 'Calculating risk score...', 'processing')
  await work('risk_assessment')
  const average = Number((scores.reduce((sum, each) => sum + each, 0) / scores.length).toFixed(1))
  const [tier, rate] = average >= 670 ? ['near-prime', 7.5] : ['subprime', 11]
  const decision = decide(application.sin, amount)
  log('risk_assessment', `Risk tier: ${tier}, avg score: ${average}, decision: ${decision}`, 'processing')
  if (decision === 'denied') {
    const reason = `Application denied: risk tier ${tier}, average credit score ${average}`
    return log('risk_assessment', 'Application denied', 'denied', 'warn', { ...identity, status: 'denied', reason, risk_tier: tier, average_score: average })
  }

  if (amount >= MANAGER_FROM) {
    const answer = new Promise((resolve) => (application.manager = resolve))
    log('manager_approval', `Manager approval required from $100,000 (requested: $${amount.toLocaleString('en')})`, 'pending_approval')
    const { approved, reason } = await answer
    await work('resume')
    await replay()
    if (!approved) return log('manager_approval', 'Application denied by manager', 'denied', 'warn', { ...identity, status: 'denied', reason })
    log('manager_approval', 'Manager approved the application', 'processing')
  }

  log('fraud_check', 'Requesting external fraud check service...', 'processing')
  await work('fraud_check')
  await replay()
  log('fraud_check', 'Fraud check passed by external-fraud-service', 'processing')

  log('generating_offer', 'Generating loan offer...', 'processing')
  await work('generating_offer')
  const digest = createHash('sha256').update(application.application_id).digest('hex').toUpperCase()
  const monthly = rate / 100 / 12
  const payment = Number(((amount * monthly) / (1 - (1 + monthly) ** -60)).toFixed(2))
  log('generating_offer', `Offer OFFER-${digest.slice(0, 10)}: $${payment}/mo at ${rate}%`, 'processing')

  log('disbursing', 'Disbursing funds...', 'processing')
  await work('disbursing')
  log('complete', 'Loan approved and funds disbursed!', 'approved', 'info', {
    ...identity,
    status: 'approved',
    offer_id: `OFFER-${digest.slice(0, 10)}`,
    loan_amount: amount,
    annual_rate: rate,
    monthly_payment: payment,
    term_months: 60,
    disbursement_ref: `DSB-${digest.slice(4, 10)}`,
  })
}

function score(bureau, sin) {
  return 580 + (createHash('sha256').update(`${bureau}/${sin}`).digest().readUInt32BE(0) % 241)
}

function decide(sin, amount) {
  if (sin === '2222') return 'denied'
  return sin === '3333' && amount > 25_000 ? 'denied' : 'approved'
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '3000' }, pace: { type: 'string', default: '1' } } })
  const api = await startMockApi({ port: Number(values.port), pace: Number(values.pace) })
  console.log(`mock loan API on ${api.url}, pace ${values.pace}`)
}
