// One way to ask the server: JSON both ways, and its own words when it refuses.

export class ServerError extends Error {
  name = 'ServerError'

  constructor(status, type, message) {
    super(type === '' ? message : `${type}: ${message}`)
    this.status = status
    this.type = type
  }
}

export class Http {
  constructor(endpoint) {
    this.endpoint = endpoint
  }

  async get(path) {
    return (await this.send('GET', path)).json()
  }

  async post(path, body) {
    return (await this.send('POST', path, JSON.stringify(body))).json()
  }

  async send(method, path, body, headers = {}) {
    const answer = await fetch(this.endpoint + path, {
      method,
      body,
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    })
    if (!answer.ok) throw refusal(answer.status, await answer.text())
    return answer
  }
}

function refusal(status, text) {
  try {
    const body = JSON.parse(text)
    return new ServerError(status, body.__type ?? '', body.message ?? body.Message ?? '')
  } catch {
    return new ServerError(status, '', text.slice(0, 500))
  }
}
