// Rules by which callbacks are answered, and functions that are not there are stood for.

const ROUTE = '/lambdura/v1/answers'

export class Answers {
  #http
  #callbacks = []
  #invokes = []

  constructor(http) {
    this.#http = http
  }

  callback(operation, rule) {
    const { heartbeatEvery, ...others } = rule
    const written = { operation, ...others, heartbeat_every: heartbeatEvery, fail: failure(rule.fail) }
    return this.#put([...this.#callbacks, written], this.#invokes)
  }

  invoke(functionName, rule) {
    const written = { ...rule, function: functionName, fail: failure(rule.fail) }
    return this.#put(this.#callbacks, [...this.#invokes, written])
  }

  clear() {
    return this.#put([], [])
  }

  async #put(callbacks, invokes) {
    // What the server refuses is not kept.
    await this.#http.post(ROUTE, { callbacks, invokes })
    this.#callbacks = callbacks
    this.#invokes = invokes
  }
}

const failure = (fail) =>
  fail && { error_type: fail.errorType, error_message: fail.errorMessage, error_data: fail.errorData }
