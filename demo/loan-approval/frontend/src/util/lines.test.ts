import { expect, it } from 'vitest'
import { countLines, lineCount } from '../../lines.ts'

it('counts lines that say something, without the tests of a file', () => {
  expect(lineCount('//! What it is.\n\nfn run() {\n    // Why.\n    go();\n}\n\n#[cfg(test)]\nmod tests {}\n')).toBe(3)
})

it('finds every file that it counts', () => {
  const { flow, around } = countLines()
  for (const counted of [flow, around]) {
    expect(counted.durable.lines).toBeGreaterThan(50)
    expect(counted['state-machine'].lines).toBeGreaterThan(50)
  }
})
