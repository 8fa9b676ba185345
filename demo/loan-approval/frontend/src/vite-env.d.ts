/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** Where the loan API listens. */
  readonly VITE_API_URL?: string
  /** The console's address for one execution; `{function}` and `{application_id}` are replaced. */
  readonly VITE_CONSOLE_URL?: string
}

/** What a person wrote for each engine, counted at the build. Source: `lines.ts`. */
declare const LINES: import('../lines.ts').Lines
