// For debuggers: tells them which file of the developer's a piece of code is a copy of.
//
// Code that is as its developer wrote it gets that file's address (`//# sourceURL=`), so that breakpoints in the file are
// met. Bundles have source maps, whose relative paths are made whole here: the copy lies elsewhere.

import { existsSync, readFileSync } from 'node:fs'
import inspector from 'node:inspector'
import Module from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const MAP = /\n\/\/# sourceMappingURL=(\S+)\s*$/
const INLINE = /^data:application\/json;(?:charset=utf-8;)?base64,/

const task = process.env.LAMBDA_TASK_ROOT
let sources = process.env.LAMBDURA_DEBUG_SOURCES

/** Has modules that are loaded from here on tell where they come from. */
export function tellSources() {
  const compile = Module.prototype._compile
  Module.prototype._compile = function (content, filename, ...rest) {
    return compile.call(this, told(String(content), filename), filename, ...rest)
  }
  // Newer versions load everything through hooks of this thread, older ones through those of another.
  if (Module.registerHooks) Module.registerHooks({ load: loadNow })
  else if (Module.register) Module.register(import.meta.url, { data: { sources } })
}

/** Lets go of a debugger, for which a process that ends would wait. */
export function dismiss() {
  inspector.close()
}

export function initialize(data) {
  sources = data.sources
}

function loadNow(url, context, next) {
  return changed(url, next(url, context))
}

export async function load(url, context, next) {
  return changed(url, await next(url, context))
}

function changed(url, loaded) {
  // CommonJS modules have no source here: they are compiled by the function above.
  if (!loaded.source || loaded.format === 'json' || !url.startsWith('file:')) return loaded
  if (typeof loaded.source !== 'string' && !ArrayBuffer.isView(loaded.source) && !(loaded.source instanceof ArrayBuffer)) return loaded
  const content = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
  return { ...loaded, source: told(content, fileURLToPath(url)) }
}

/** The code with where it comes from at its end. */
function told(content, filename) {
  const own = path.relative(task, filename)
  if (own.startsWith('..') || path.isAbsolute(own) || own.split(path.sep).includes('node_modules')) return content
  if (content.includes('\n//# sourceURL=')) return content
  const original = path.join(sources, own)
  const map = MAP.exec(content)
  if (map) {
    const whole = wholeMap(map[1], filename, original)
    return whole ? `${content.slice(0, map.index)}\n//# sourceMappingURL=${whole}` : content
  }
  const same = existsSync(original) && readFileSync(original, 'utf8') === content
  return same ? `${content}\n//# sourceURL=${pathToFileURL(original)}` : content
}

/** A source map with the places of its sources on this machine, as an address of its own. */
function wholeMap(address, filename, original) {
  try {
    const inline = INLINE.exec(address)
    const text = inline
      ? Buffer.from(address.slice(inline[0].length), 'base64').toString()
      : readFileSync(path.join(path.dirname(filename), decodeURIComponent(address)), 'utf8')
    const map = JSON.parse(text)
    const base = path.resolve(path.dirname(original), map.sourceRoot ?? '')
    const whole = (source) => (/^[a-z][a-z0-9+.-]+:/i.test(source) ? source : pathToFileURL(path.resolve(base, source)).href)
    const json = JSON.stringify({ ...map, sourceRoot: undefined, sources: map.sources.map(whole) })
    return `data:application/json;base64,${Buffer.from(json).toString('base64')}`
  } catch {
    // A map that cannot be read is the developer's own business: the code runs all the same.
    return undefined
  }
}
