// Packages that Lambda's Node.js runtimes bring: AWS's SDKs. They are found in a folder beside this client, after
// everything else has been asked, so that whatever a function or its layers bring wins.
//
// Source of the hooks: Node.js documentation, "node:module", "Customization hooks".

import { existsSync, realpathSync } from 'node:fs'
import Module from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const PROVIDED = /^(@aws-sdk\/[^/]+|@smithy\/[^/]+|@aws\/durable-execution-sdk-js)(\/|$)/
const NOT_FOUND = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']

/** The folder with the packages; none where nothing has been installed. */
let folder

/** Has `require` and `import` look into `link`, a folder that may lead elsewhere later. */
export function findPackages(link) {
  if (!link || !existsSync(link)) return
  folder = realpathSync(link)
  const resolveFilename = Module._resolveFilename
  Module._resolveFilename = function (request, parent, isMain, options) {
    try {
      return resolveFilename.call(this, request, parent, isMain, options)
    } catch (error) {
      if (!isMissing(error, request)) throw error
      try {
        return resolveFilename.call(this, request, parent, isMain, { ...options, paths: [folder] })
      } catch {
        throw error
      }
    }
  }
  if (Module.registerHooks) Module.registerHooks({ resolve: resolveNow })
  else if (Module.register) Module.register(import.meta.url, { data: { folder } })
}

function isMissing(error, specifier) {
  return NOT_FOUND.includes(error?.code) && PROVIDED.test(specifier)
}

function fromFolder(context) {
  return { ...context, parentURL: pathToFileURL(path.join(folder, 'package.json')).href }
}

/** Hook of the main thread. What is required has been looked for by the function above. */
function resolveNow(specifier, context, next) {
  try {
    return next(specifier, context)
  } catch (error) {
    if (!isMissing(error, specifier) || context.conditions?.includes('require')) throw error
    try {
      return next(specifier, fromFolder(context))
    } catch {
      throw error
    }
  }
}

/** Hooks of older Node.js versions, which run in a thread of their own. */
export function initialize(data) {
  folder = data.folder
}

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context)
  } catch (error) {
    if (!isMissing(error, specifier)) throw error
    try {
      return await next(specifier, fromFolder(context))
    } catch {
      throw error
    }
  }
}

/** Adds to an error what to do where one of these packages is missing. */
export function advise(error) {
  const name = NOT_FOUND.includes(error?.code) && /'([^']+)'/.exec(error.message)?.[1]
  const provided = name && PROVIDED.exec(name)?.[1]
  if (provided) {
    const advice =
      `Lambda brings ${provided}, and it is not installed on this machine: start \`lambdura up\` again with the ` +
      `package registry in reach, or name it in the function's package.json (npm install ${provided})`
    error.message = `${error.message}. ${advice}`
    error.stack = `${error.message}\n${error.stack}`
  }
  return error
}
