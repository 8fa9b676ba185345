#!/usr/bin/env node
// Starts the binary of this platform. npm has installed it as an optional dependency, compressed, because npm's own
// archives do not get it small; it is unpacked here when it is first needed. Nothing is downloaded.

import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'

const platform = `${process.platform}-${process.arch}`
const require = createRequire(import.meta.url)

const fail = (...lines) => {
  console.error(lines.join('\n  '))
  process.exit(1)
}

let manifest
try {
  manifest = require.resolve(`@lambdura/${platform}/package.json`)
} catch {
  fail(
    `error: lambdura has no binary for ${platform} here.`,
    'npm leaves it out with --omit=optional, and where a lockfile was made on another platform: install again without either.',
    'On Windows, use WSL.',
  )
}

const binary = unpacked()
const words = process.argv.slice(2)
if (process.execve) {
  // The process becomes the binary: signals and the exit code are its own.
  process.execve(binary, ['lambdura', ...words], process.env)
} else {
  const child = spawn(binary, words, { stdio: 'inherit' })
  // A terminal sends Ctrl-C to both; this process only waits for the other's end.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.once('error', (error) => fail(`error: ${binary} does not start: ${error.message}`))
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/** The binary, in the user's cache: what npm has installed stays as it is, and another user may have installed it. */
function unpacked() {
  const { sha256, callsFromTheBeginning } = JSON.parse(readFileSync(manifest, 'utf8')).lambdura
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const folder = join(cache, 'lambdura', 'binaries', sha256)
  const binary = join(folder, 'lambdura')
  if (existsSync(binary)) return binary
  try {
    const content = brotliDecompressSync(readFileSync(join(dirname(manifest), 'bin', 'lambdura.br')))
    if (callsFromTheBeginning) callsFromThemselves(content)
    if (createHash('sha256').update(content).digest('hex') !== sha256) throw new Error('its bytes are not those that were packed')
    mkdirSync(folder, { recursive: true })
    // Whole or not at all, whoever else does the same at the moment.
    const part = `${binary}.${randomUUID()}`
    try {
      writeFileSync(part, content, { flag: 'wx', mode: 0o755 })
      renameSync(part, binary)
    } catch (error) {
      rmSync(part, { force: true })
      throw error
    }
  } catch (error) {
    fail(`error: lambdura cannot be unpacked: ${error.message}`, 'XDG_CACHE_HOME may name another folder for it.')
  }
  return binary
}

/**
 * Programs of x86 pack smaller with the targets of calls from the program's beginning; the processor wants them from the
 * call. Numbers from minus the call's end to the program's size are targets, and those below zero were beyond its end.
 */
function callsFromThemselves(program) {
  const size = program.length
  for (let at = 0; at + 5 <= size; at += 1) {
    if (program[at] !== 0xe8 && program[at] !== 0xe9) continue
    const [target, behind] = [program.readInt32LE(at + 1), at + 5]
    if (target >= -behind && target < size) {
      program.writeInt32LE(target >= 0 ? target - behind : target + size, at + 1)
    }
    at += 4
  }
}
