// The server's clock. Nothing is moved before everything that comes due on the way has happened.

const ROUTE = '/lambdura/v1/clock'

export class Clock {
  #http

  constructor(http) {
    this.#http = http
  }

  async look() {
    return stand(await this.#http.get(ROUTE))
  }

  async now() {
    return (await this.look()).now
  }

  advance(by) {
    return this.#move({ advance: by })
  }

  advanceTo(at) {
    return this.#move({ advance_to: at.toISOString() })
  }

  next() {
    return this.#move({ next: true })
  }

  hold() {
    return this.#move({ hold: true })
  }

  release() {
    return this.#move({ hold: false })
  }

  async #move(how) {
    return stand(await this.#http.post(ROUTE, how))
  }
}

const stand = (shown) => ({
  mode: shown.mode,
  now: new Date(shown.now_at),
  ahead: shown.ahead_ms,
  state: shown.state,
  nextAt: shown.next_at === undefined ? undefined : new Date(shown.next_at),
  unanswered: shown.unanswered.map((one) => one.name ?? one.callback_id),
})
