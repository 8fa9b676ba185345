/** Who is signed in. Where nothing is enforced, nobody has to. */

import { queryOptions } from '@tanstack/react-query'
import { getJson, send, ServerError } from './request'

const ROUTE = '/lambdura/v1/session'

export interface Session {
  /** Whether one has to sign in at all. */
  readonly required: boolean
  /** Whether an OpenID provider signs people in. */
  readonly provider?: boolean
  /** The name of the access key that was shown, or of the person. */
  readonly name?: string
  /** What one may do, by action; absent where nobody has to sign in, or has yet. */
  readonly may?: Readonly<Record<string, boolean>>
}

/** What can be done in the console, by the names that policies have for it. Has to be as `OFFERED` in `crates/server/src/access/at_console.rs`. */
export type Offered =
  | 'lambda:InvokeFunction'
  | 'lambda:SendDurableExecutionCallbackFailure'
  | 'lambda:SendDurableExecutionCallbackHeartbeat'
  | 'lambda:SendDurableExecutionCallbackSuccess'
  | 'lambda:StopDurableExecution'
  | 'lambdura:DeleteDurableExecution'
  | 'lambdura:MoveClock'
  | 'lambdura:PauseDurableExecution'
  | 'lambdura:ReadAudit'
  | 'lambdura:ResumeDurableExecution'
  | 'lambdura:RetrySetAside'
  | 'states:RedriveExecution'

/** Where a browser is sent to be signed in by the provider. */
export const PROVIDER_ROUTE = `${ROUTE}/oidc`

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => getJson<Session>(ROUTE, {}, signal),
  staleTime: 60_000,
})

export async function signIn(accessKeyId: string, secretAccessKey: string): Promise<Session> {
  const body = JSON.stringify({ access_key_id: accessKeyId, secret_access_key: secretAccessKey })
  const response = await send(ROUTE, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  return (await response.json()) as Session
}

export async function signOut(): Promise<void> {
  await send(ROUTE, { method: 'DELETE' })
}

/** Whether the server says that nobody is signed in. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ServerError && error.type === 'MissingAuthenticationTokenException'
}
