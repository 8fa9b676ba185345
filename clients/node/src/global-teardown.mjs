// For `globalTeardown` of jest.

export default async function teardown() {
  await globalThis.lambduraStop?.()
}
