/**
 * Where the system is. A page that `lambdura demo` serves is told by it, as `<meta>` elements
 * (`crates/loan-demo/src/page.rs`); one that Vite serves, by variables at its build.
 */

/** URL of the loan API, without a slash at its end. */
export const API_URL = (told('loan-api-url') ?? import.meta.env.VITE_API_URL ?? 'http://127.0.0.1:3000').replace(/\/+$/, '')

/** URL of an application's execution, with `{application_id}` in it; none where nobody said it. */
export const EXECUTION_URL = told('execution-url') ?? import.meta.env.VITE_CONSOLE_URL

function told(name: string): string | undefined {
  return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content
}
