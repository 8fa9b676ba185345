// An execution: its end, its operations and its history, by the clock that it goes by.

const ENDS = { Succeeded: 'SUCCEEDED', Failed: 'FAILED', TimedOut: 'TIMED_OUT', Stopped: 'STOPPED', Cancelled: 'CANCELLED' }
const POLL_MS = 20
const WITHIN_SECONDS = 30

export class Execution {
  #lambdura
  #http

  constructor(lambdura, http, arn) {
    this.#lambdura = lambdura
    this.#http = http
    this.arn = arn
  }

  get id() {
    return this.arn.slice(this.arn.lastIndexOf('/') + 1)
  }

  look() {
    return this.#http.get(this.#path())
  }

  async wait({ within = WITHIN_SECONDS } = {}) {
    const deadline = Date.now() + within * 1000
    while ((await this.look()).Status === 'RUNNING') {
      if (Date.now() > deadline) {
        const { state, unanswered } = await this.#lambdura.clock.look()
        const waits = unanswered.length === 0 ? '' : `; nobody answers ${unanswered.join(', ')}`
        await this.#fail(`it has not ended within ${within} s (the clock: ${state}${waits})`)
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
    return this
  }

  async result(options) {
    const shown = await (await this.wait(options)).look()
    if (shown.Status !== 'SUCCEEDED') await this.#fail(`it ended as ${shown.Status}: ${JSON.stringify(shown.Error)}`)
    return shown.Result === undefined ? undefined : JSON.parse(shown.Result)
  }

  async error(options) {
    const shown = await (await this.wait(options)).look()
    if (shown.Status === 'SUCCEEDED') await this.#fail('it succeeded')
    return shown.Error ?? {}
  }

  async took() {
    const shown = await (await this.wait()).look()
    return (shown.EndTimestamp - shown.StartTimestamp) * 1000
  }

  async history() {
    const events = []
    let marker = ''
    do {
      const query = new URLSearchParams({ MaxItems: '1000', IncludeExecutionData: 'true' })
      if (marker !== '') query.set('Marker', marker)
      const page = await this.#http.get(`${this.#path()}/history?${query}`)
      events.push(...page.Events)
      marker = page.NextMarker ?? ''
    } while (marker !== '')
    return events
  }

  async operation(name) {
    const history = await this.history()
    const first = history.find((event) => event.Name === name)
    if (first === undefined) {
      const names = [...new Set(history.map((event) => event.Name).filter(Boolean))].sort()
      await this.#fail(`it has no operation \`${name}\`; it has ${names.join(', ') || 'none'}`)
    }
    const kind = first.EventType.replace(/Started$/, '')
    const ends = history.filter((event) => event.Name === name && ENDS[event.EventType.slice(kind.length)] && event.EventType.startsWith(kind))
    const isRetried = (event) => Boolean(event[`${event.EventType}Details`]?.RetryDetails?.NextAttemptDelaySeconds)
    const last = ends.at(-1)
    const end = last !== undefined && !isRetried(last) ? last : undefined
    const after = (event) => Math.round((event.EventTimestamp - history[0].EventTimestamp) * 1000)
    return {
      name,
      status: end === undefined ? 'STARTED' : ENDS[end.EventType.slice(kind.length)],
      attempts: ends.filter(isRetried).length + 1,
      beganAfter: after(first),
      endedAfter: end && after(end),
    }
  }

  timeline() {
    return this.#lambdura.command('show', this.arn)
  }

  #path() {
    return `/2025-12-01/durable-executions/${encodeURIComponent(this.arn)}`
  }

  async #fail(problem) {
    throw new Error(`${this.id}: ${problem}\n\n${await this.timeline()}`)
  }
}
