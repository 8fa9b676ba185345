// Runs definitions by `lambdura asl run` and by aws-local-stepfunctions, and checks them by `lambdura asl validate` and by
// asl-validator. Where they differ on purpose, a case says why.
//
//     cd conformance/asl && npm install && LAMBDURA_BIN=../../target/debug/lambdura npm test

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { StateMachine } from 'aws-local-stepfunctions'
import validatorModule from 'asl-validator'

const validate = validatorModule.default ?? validatorModule
const binary = process.env.LAMBDURA_BIN ?? '../../target/debug/lambdura'
const { runs, checks } = JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'asl-'))
const differences = []
let compared = 0

function lambdura(...words) {
  return new Promise((resolve, reject) => {
    // A definition that is wrong, or an execution that fails, is an answer as well.
    execFile(binary, ['asl', ...words, '--output', 'json'], (_, stdout, stderr) => {
      if (stdout === '') reject(new Error(`lambdura asl ${words.join(' ')}: ${stderr}`))
      else resolve(JSON.parse(stdout))
    })
  })
}

/** Does it with every member of an object, a few at a time. */
async function each(all, work) {
  const left = Object.entries(all)
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) await work(...next)
  }
  await Promise.all(Array.from({ length: 4 }, worker))
}

function file(name, value) {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify(value))
  return path
}

// The peer counts on Node 22.
Promise.withResolvers ??= () => {
  const made = {}
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
  return made
}

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:'

/** What the peer comes to: an output, or the name of an error. */
async function peer({ definition, input, functions = {} }) {
  const handlers = Object.fromEntries(
    Object.entries(functions).map(([name, answers]) => {
      const left = [answers].flat()
      // As mocks are here: the last answer is given again.
      const call = () => {
        const answer = left.length > 1 ? left.shift() : left[0]
        if (!answer.Throw) return answer.Return
        throw Object.assign(new Error(answer.Throw.Cause), { name: answer.Throw.Error })
      }
      return [ARN + name, call]
    }),
  )
  // States that call nothing are named by the peer one by one; here functions are.
  const names = {}
  const walk = (states) => {
    for (const [name, state] of Object.entries(states)) {
      if (state.Type === 'Task') names[name] = handlers[state.Resource]
      for (const branch of state.Branches ?? []) walk(branch.States)
      if (state.ItemProcessor) walk(state.ItemProcessor.States)
    }
  }
  walk(definition.States)
  try {
    const retryIntervalOverrides = Object.fromEntries(Object.keys(names).map((name) => [name, 0]))
    const machine = new StateMachine(definition, { validationOptions: { checkArn: false, checkPaths: false } })
    const execution = machine.run(input, { overrides: { taskResourceLocalHandlers: names, retryIntervalOverrides }, noThrowOnAbort: true })
    return { output: await execution.result }
  } catch (error) {
    return { error: error.cause?.name ?? error.name }
  }
}

await each(runs, async (name, it) => {
  const definition = file(`${name}.json`, it.definition)
  const mocks = file(`${name}.mocks.json`, it.functions ?? {})
  const ours = await lambdura('run', definition, '--input', JSON.stringify(it.input), '--mocks', mocks)
  const theirs = await peer(it)
  const same = 'output' in theirs ? isDeepStrictEqual(ours.output, theirs.output) : ours.error === theirs.error
  compared += 1
  if (same === 'differs' in it) differences.push([name, ours, theirs, it.differs])
})

await each(checks, async (name, it) => {
  const [ours] = await lambdura('validate', file(`check-${name}.json`, it.definition))
  const theirs = validate(it.definition)
  compared += 1
  if (((ours.result === 'OK') === theirs.isValid) === 'differs' in it) differences.push([name, ours, theirs, it.differs])
})

rmSync(folder, { recursive: true })
for (const difference of differences) console.log(JSON.stringify(difference, null, 1))
console.log(`${compared} compared, ${differences.length} other than expected`)
process.exit(differences.length === 0 ? 0 : 1)
