import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/*.test.ts'],
    // Starts `lambdura up` once for all tests, with a clock that jumps.
    globalSetup: './tests/lambdura-testing/global-setup.mjs',
    testTimeout: 60_000,
  },
})
