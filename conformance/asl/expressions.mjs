// Evaluates expressions in JSONata by `lambdura asl run`, and by the language's own implementation, npm's `jsonata`. What has
// no value there (undefined, a function) is an error here, as it is one of a state; what cannot be read there has to be
// refused by `lambdura asl validate`. Where they differ, `differs` says why.
//
//     cd conformance/asl && npm install && LAMBDURA_BIN=../../target/debug/lambdura node expressions.mjs

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import jsonata from 'jsonata'

const binary = process.env.LAMBDURA_BIN ?? '../../target/debug/lambdura'
const { input, expressions, differs } = JSON.parse(readFileSync(new URL('expressions.json', import.meta.url), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'asl-'))
/** Expressions of one machine. */
const EACH = 40
const ERROR = { error: 'States.QueryEvaluationError' }
const UNREADABLE = { error: 'it cannot be read' }
const differences = []

function lambdura(definition, ...words) {
  const path = join(folder, 'machine.json')
  writeFileSync(path, JSON.stringify(definition))
  const done = spawnSync(binary, ['asl', words[0], path, ...words.slice(1), '--output', 'json'], { encoding: 'utf8' })
  if (done.stdout === '') throw new Error(`lambdura asl ${words.join(' ')}: ${done.stderr}`)
  return JSON.parse(done.stdout)
}

/** A branch that comes to the value of an expression, or to the name of its error. */
function branch(expression, index) {
  const states = {
    [`try ${index}`]: {
      Type: 'Parallel',
      Branches: [
        {
          StartAt: `evaluate ${index}`,
          States: { [`evaluate ${index}`]: { Type: 'Pass', Output: { value: `{% ${expression} %}` }, End: true } },
        },
      ],
      Output: '{% $states.result[0] %}',
      Catch: [{ ErrorEquals: ['States.ALL'], Output: { error: '{% $states.errorOutput.Error %}' }, Next: `failed ${index}` }],
      End: true,
    },
    [`failed ${index}`]: { Type: 'Succeed' },
  }
  return { StartAt: `try ${index}`, States: states }
}

function ours(part) {
  const all = { Type: 'Parallel', Branches: part.map(branch), End: true }
  const states = { Begin: { Type: 'Pass', Assign: { i: '{% $states.input %}' }, Next: 'All' }, All: all }
  const machine = { QueryLanguage: 'JSONata', StartAt: 'Begin', States: states }
  const ran = lambdura(machine, 'run', '--input', JSON.stringify(input))
  if (ran.status !== 'SUCCEEDED') throw new Error(JSON.stringify(ran))
  return ran.output
}

/** Which expressions cannot be read here. */
function refused() {
  const state = (expression, index) => ({ Type: 'Pass', Output: `{% ${expression} %}`, Next: `s${index + 1}` })
  const states = Object.fromEntries(expressions.map((expression, index) => [`s${index}`, state(expression, index)]))
  states[`s${expressions.length}`] = { Type: 'Succeed' }
  const [checked] = lambdura({ QueryLanguage: 'JSONata', StartAt: 's0', States: states }, 'validate')
  const wrong = checked.diagnostics.filter((it) => it.code === 'INVALID_JSONATA')
  return new Set(wrong.map((it) => expressions[Number(/^\/States\/s(\d+)\/Output$/.exec(it.location)[1])]))
}

async function theirs(expression) {
  let read
  try {
    read = jsonata(expression)
  } catch {
    return UNREADABLE
  }
  try {
    const value = await read.evaluate(undefined, { i: input })
    if (value === undefined || typeof value === 'function' || value?._jsonata_function || value?._jsonata_lambda) return ERROR
    return { value: JSON.parse(JSON.stringify(value)) }
  } catch {
    return ERROR
  }
}

const unreadable = refused()
const come = new Map([...unreadable].map((expression) => [expression, UNREADABLE]))
const readable = expressions.filter((expression) => !unreadable.has(expression))
for (let from = 0; from < readable.length; from += EACH) {
  const part = readable.slice(from, from + EACH)
  for (const [index, value] of ours(part).entries()) come.set(part[index], value)
}
for (const expression of expressions) {
  const [here, there] = [come.get(expression), await theirs(expression)]
  if (isDeepStrictEqual(here, there) === expression in differs) differences.push([expression, here, there, differs[expression]])
}

rmSync(folder, { recursive: true })
for (const difference of differences) console.log(JSON.stringify(difference))
console.log(`${expressions.length} compared, ${differences.length} other than expected`)
process.exit(differences.length === 0 ? 0 : 1)
