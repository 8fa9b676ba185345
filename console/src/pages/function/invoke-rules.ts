/** What the server asks of an invocation: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html and crates/server/src/api/invoke. */

import type { FunctionDetail } from '../../api/types'

/** The longest execution timeout of a durable function whose result may be waited for. */
const WAITED_SECONDS_MAX = 900

export interface QualifierOption {
  value: string
  label: string
  description?: string
}

/** Aliases first, then versions, the newest first, then what is being worked on. */
export function qualifiers({ versions }: Pick<FunctionDetail, 'versions'>): QualifierOption[] {
  const published = versions.filter(({ version }) => version !== '$LATEST').toSorted((a, b) => Number(b.version) - Number(a.version))
  return [
    ...published.concat(versions.filter(({ version }) => version === '$LATEST')).flatMap(({ version, aliases }) => aliases.map((alias) => ({ value: alias, label: alias, description: `Alias of version ${version}` }))),
    ...published.map(({ version }) => ({ value: version, label: version, description: 'Version' })),
    { value: '$LATEST', label: '$LATEST', description: 'As it was last deployed' },
  ]
}

/** Why the result of a durable function cannot be waited for; none if it can. */
export function waitRefusal({ is_durable: isDurable, execution_timeout_seconds: timeout }: Pick<FunctionDetail, 'is_durable' | 'execution_timeout_seconds'>): string | undefined {
  if (!isDurable || timeout === null || timeout === undefined || timeout <= WAITED_SECONDS_MAX) return undefined
  return 'Not for a durable function whose executions may take more than 15 minutes'
}

/** What is wrong with the name of an execution; none if nothing is. */
export function nameProblem(name: string): string | undefined {
  if (name.length > 64) return 'At most 64 characters.'
  return /^[A-Za-z0-9_-]*$/.test(name) ? undefined : 'Letters, digits, - and _ only.'
}

/** The id that ends an execution's ARN. */
export const executionIdOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1)

/** JSON without line breaks; what is not JSON stays as it is. */
export function compact(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    return text
  }
}

/** JSON with line breaks; what is not JSON stays as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
