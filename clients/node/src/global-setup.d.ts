/**
 * For `globalSetup` of vitest and jest: one server for all tests. LAMBDURA_TEMPLATE names the template, and
 * LAMBDURA_TEST_ARGUMENTS further arguments of `lambdura up`, as a JSON array.
 */
export default function setup(): Promise<() => Promise<void>>
