/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** Where the loan API listens. */
  readonly VITE_API_URL?: string
  /** The console's address for one execution; `{application_id}` is replaced. */
  readonly VITE_CONSOLE_URL?: string
}
