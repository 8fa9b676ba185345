#!/usr/bin/env node
// Starts the binary of this platform. npm has installed it as an optional dependency; nothing is downloaded here.

import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'

const platform = `${process.platform}-${process.arch}`
const require = createRequire(import.meta.url)

let binary
try {
  binary = require.resolve(`@lambdura/${platform}/bin/lambdura`)
} catch {
  console.error(`error: lambdura has no binary for ${platform} here.`)
  console.error('  npm leaves it out with --omit=optional, and where a lockfile was made on another platform: install again without either.')
  console.error('  On Windows, use WSL.')
  process.exit(1)
}

const words = process.argv.slice(2)
if (process.execve) {
  // The process becomes the binary: signals and the exit code are its own.
  process.execve(binary, ['lambdura', ...words], process.env)
} else {
  const child = spawn(binary, words, { stdio: 'inherit' })
  // A terminal sends Ctrl-C to both; this process only waits for the other's end.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.once('error', (error) => {
    console.error(`error: ${binary} does not start: ${error.message}`)
    process.exit(1)
  })
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
