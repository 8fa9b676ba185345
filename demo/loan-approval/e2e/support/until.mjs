import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds between two looks. */
const INTERVAL = 25

/** Waits until `look` answers something truthy, and answers it. On timeout, tells the last thing seen. */
export async function until(what, look, timeout = 20_000) {
  const deadline = Date.now() + timeout
  for (;;) {
    const seen = await Promise.resolve()
      .then(look)
      .then((value) => ({ value }), (error) => ({ error }))
    if (seen.value) return seen.value
    if (Date.now() > deadline) throw new Error(`timed out after ${timeout} ms waiting until ${what}; last seen: ${seen.error ?? JSON.stringify(seen.value)}`)
    await sleep(INTERVAL)
  }
}
