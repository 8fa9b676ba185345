/** What the console does, as commands for a terminal. */

import type { ErrorObject, InvokeRequest } from '../api/lambda'

export interface Commands {
  aws: string
  /** Absent for what only the AWS CLI can ask for. */
  lambdura?: string
}

const DEFAULT_ENDPOINT = 'http://127.0.0.1:3001'

/** Quotes a word for a POSIX shell, where it needs that. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

function commands(aws: readonly string[], lambdura: readonly string[]): Required<Commands> {
  const { origin } = window.location
  const endpoint = origin === DEFAULT_ENDPOINT ? [] : ['--endpoint', origin]
  return {
    aws: ['aws', 'lambda', ...aws, '--endpoint-url', origin].map(quote).join(' '),
    lambdura: ['lambdura', ...lambdura, ...endpoint].map(quote).join(' '),
  }
}

const byArn = (arn: string) => ['--durable-execution-arn', arn]

/** What an execution would cost; AWS has no such operation. */
export const costCommand = (name: string): string => commands([], ['cost', name]).lambdura

export const stopCommands = (arn: string, reason: string): Commands =>
  commands(['stop-durable-execution', ...byArn(arn), ...(reason === '' ? [] : ['--error', JSON.stringify({ ErrorMessage: reason })])], ['stop', arn, ...(reason === '' ? [] : ['--reason', reason])])

export const pauseCommands = (arn: string, reason: string): Commands =>
  commands(['pause-durable-execution', ...byArn(arn), ...(reason === '' ? [] : ['--reason', reason])], ['pause', arn, ...(reason === '' ? [] : ['--reason', reason])])

export const resumeCommands = (arn: string): Commands => commands(['resume-durable-execution', ...byArn(arn)], ['resume', arn])

export const redriveCommands = (executionArn: string): Commands => ({
  aws: ['aws', 'stepfunctions', 'redrive-execution', '--execution-arn', executionArn, '--endpoint-url', window.location.origin].map(quote).join(' '),
})

export const deleteCommands = (arn: string): Commands => commands(['delete-durable-execution', ...byArn(arn)], ['delete', arn])

export const succeedCommands = (id: string, result: string): Commands =>
  commands(['send-durable-execution-callback-success', '--callback-id', id, '--cli-binary-format', 'raw-in-base64-out', '--result', result], ['callback', 'succeed', id, '--result', result])

export const failCommands = (id: string, error: ErrorObject): Commands =>
  commands(
    ['send-durable-execution-callback-failure', '--callback-id', id, '--error', JSON.stringify(error)],
    [
      'callback',
      'fail',
      id,
      ...(error.ErrorType === undefined ? [] : ['--error-type', error.ErrorType]),
      ...(error.ErrorMessage === undefined ? [] : ['--error-message', error.ErrorMessage]),
    ],
  )

export const heartbeatCommands = (id: string): Commands => commands(['send-durable-execution-callback-heartbeat', '--callback-id', id], ['callback', 'heartbeat', id])

/** `lambdura invoke` has no dry run. */
export function invokeCommands({ function: name, qualifier, payload, type, name: executionName }: InvokeRequest): Commands {
  const named = executionName === undefined || executionName === '' ? [] : [executionName]
  const target = qualifier === undefined ? name : `${name}:${qualifier}`
  const both = commands(
    [
      'invoke',
      '--function-name',
      target,
      ...(type === 'RequestResponse' ? [] : ['--invocation-type', type]),
      ...named.flatMap((it) => ['--durable-execution-name', it]),
      '--cli-binary-format',
      'raw-in-base64-out',
      '--payload',
      payload,
      '/dev/stdout',
    ],
    ['invoke', target, ...(type === 'Event' ? ['--event'] : []), ...named.flatMap((it) => ['--name', it]), '--payload', payload],
  )
  return type === 'DryRun' ? { aws: both.aws } : both
}
