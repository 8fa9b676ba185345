/** One way to ask the server: JSON, with an error that says what happened and what to do. */

/** The server answered with an error. */
export class ServerError extends Error {
  readonly status: number
  readonly type: string

  constructor(status: number, type: string, message: string) {
    super(message)
    this.name = 'ServerError'
    this.status = status
    this.type = type
  }
}

/** Nobody answered. */
export class Unreachable extends Error {
  constructor() {
    super(`Nothing answers at ${window.location.origin}.`)
    this.name = 'Unreachable'
  }
}

type Value = string | number | boolean | undefined | null

/** Values that are absent or empty are left out; a list repeats its name. */
export type Query = Record<string, Value | readonly string[]>

export function withQuery(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(name, String(one))
  }
  const text = parameters.toString()
  return text === '' ? path : `${path}?${text}`
}

export async function getJson<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const response = await send(withQuery(path, query), signal === undefined ? {} : { signal })
  return (await response.json()) as T
}

/** Sends and answers with the response if the server agreed. */
export async function send(url: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, init)
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new Unreachable()
  }
  if (!response.ok) throw await refusal(response)
  return response
}

async function refusal(response: Response): Promise<ServerError> {
  const text = await response.text()
  const fallback = `The server answered ${response.status}.`
  try {
    const body = JSON.parse(text) as Record<string, unknown>
    const message = body['message'] ?? body['Message']
    const type = response.headers.get('x-amzn-errortype') ?? body['Type'] ?? body['type'] ?? ''
    return new ServerError(response.status, String(type), typeof message === 'string' ? message : fallback)
  } catch {
    return new ServerError(response.status, '', text.slice(0, 300) || fallback)
  }
}
