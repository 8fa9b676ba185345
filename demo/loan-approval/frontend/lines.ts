/** Counts what a person wrote for each engine: the lines of the files themselves, when the page is built. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Lines that say something: neither blank nor a comment, and none of the tests within a file. */
export interface Lines {
  /** The order of things: what is decided, and what is waited for. */
  flow: Counted
  /** What connects it with the service and tells the page how it goes. */
  around: Counted
}

type Counted = Record<'durable' | 'state-machine', { lines: number; files: readonly string[] }>

const WORKFLOW = 'functions/loan-workflow/src'

const FILES = {
  flow: { durable: [`${WORKFLOW}/workflow.rs`], 'state-machine': ['state-machine/loan.asl.json'] },
  around: {
    durable: ['function.rs', 'progress_log.rs', 'progress_table.rs'].map((name) => `${WORKFLOW}/${name}`),
    'state-machine': ['mod.rs', 'function.rs', 'progress.rs'].map((name) => `${WORKFLOW}/tasks/${name}`),
  },
}

export function countLines(): Lines {
  return { flow: both(FILES.flow), around: both(FILES.around) }
}

function both(of: (typeof FILES)['flow']): Counted {
  return { durable: counted(of.durable), 'state-machine': counted(of['state-machine']) }
}

function counted(files: readonly string[]): Counted['durable'] {
  return { lines: files.reduce((sum, file) => sum + linesOf(file), 0), files }
}

function linesOf(file: string): number {
  return lineCount(readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8'))
}

/** Of one file's text. */
export function lineCount(text: string): number {
  const code = text.split(/^#\[cfg\(test\)\]/m)[0] ?? ''
  return code.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('//')).length
}
