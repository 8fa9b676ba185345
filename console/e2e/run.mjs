/** Runs the tests and ends with their counts. `node run.mjs [part of a test's name]`. */

import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const tests = fileURLToPath(new URL('./tests/', import.meta.url))
const files = (await readdir(tests)).filter((name) => name.endsWith('.test.mjs')).map((name) => tests + name)
const pattern = process.argv[2] ? ['--test-name-pattern', process.argv[2]] : []

// One file at a time: the machine runs whole systems besides the browser.
const child = spawn(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...pattern, ...files], { stdio: 'inherit' })
child.once('exit', (code, signal) => {
  if (signal) console.error(`the test runner was ended by ${signal}`)
  process.exitCode = code ?? 1
})
