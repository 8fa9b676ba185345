/**
 * Where the system is. A page that `lambdura demo` serves is told by it, as `<meta>` elements
 * (`crates/loan-demo/src/page.rs`); one that Vite serves, by variables at its build.
 */

import type { Engine } from './api/application'

/** URL of the loan API, without a slash at its end. */
export const API_URL = (told('loan-api-url') ?? import.meta.env.VITE_API_URL ?? 'http://127.0.0.1:3000').replace(/\/+$/, '')

/** URL of an execution in the console, with `{function}` and `{application_id}` in it; none where nobody said it. */
const EXECUTION_URL = told('execution-url') ?? import.meta.env.VITE_CONSOLE_URL

/** Where the demo's server stands and may be killed; `null` where whoever serves this page has not started it. */
export const SERVER_URL: string | null = told('server-url') ?? null

/** What carries an application in each engine; source: the demo's `template.yaml`. */
const FUNCTION: Record<Engine, string> = { durable: 'LoanWorkflowFunction', 'state-machine': 'LoanStateMachine' }

/** Where the console shows the execution that carries an application; `null` where there is no console. */
export function executionUrl(engine: Engine, id: string): string | null {
  if (!EXECUTION_URL) return null
  return EXECUTION_URL.replaceAll('{function}', FUNCTION[engine]).replaceAll('{application_id}', encodeURIComponent(id))
}

/** Where the service says what it used and what it would cost; `null` where there is no such service. */
export function costUrl(engine: Engine, id: string): string | null {
  if (!EXECUTION_URL) return null
  return `${new URL(EXECUTION_URL).origin}/lambdura/v1/executions/cost?${new URLSearchParams({ function: FUNCTION[engine], name: id })}`
}

function told(name: string): string | undefined {
  return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content
}
