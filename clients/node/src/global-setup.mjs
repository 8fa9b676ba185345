// One server for all tests, which find it by `connectLambdura`. Vitest ends it by what is returned, jest by
// `global-teardown`.

import { startLambdura } from './index.mjs'

export default async function setup() {
  const more = JSON.parse(process.env.LAMBDURA_TEST_ARGUMENTS ?? '[]')
  const lambdura = await startLambdura({ template: process.env.LAMBDURA_TEMPLATE ?? '.', arguments: more })
  process.env.LAMBDURA_TEST_ENDPOINT = lambdura.endpoint
  globalThis.lambduraStop = () => lambdura.stop()
  return globalThis.lambduraStop
}
