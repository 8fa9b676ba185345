/** The list's filter: in the URL, as the server takes it, and as the filter field shows it. */

import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter'
import type { ExecutionFilter } from '../../api/console'
import { STATUS_LOOK, STATUSES } from '../../components/status-badge'
import type { ExecutionCounts } from '../../api/types'

const TEXTS = ['function', 'version', 'name', 'name_contains', 'text'] as const
const INSTANTS = ['started_after', 'started_before'] as const

/** What the URL asks for; what it does not understand is left out. */
export function readFilter(parameters: URLSearchParams): ExecutionFilter {
  const filter: ExecutionFilter = {}
  const statuses = parameters.getAll('status').filter((it) => STATUSES.some((status) => status === it))
  if (statuses.length > 0) filter.status = statuses
  for (const name of TEXTS) {
    const value = parameters.get(name)
    if (value !== null && value !== '') filter[name] = value
  }
  for (const name of INSTANTS) {
    const value = Number(parameters.get(name) ?? Number.NaN)
    if (Number.isInteger(value)) filter[name] = value
  }
  return filter
}

export function writeFilter(filter: ExecutionFilter): URLSearchParams {
  const parameters = new URLSearchParams()
  for (const status of filter.status ?? []) parameters.append('status', status)
  for (const name of [...TEXTS, ...INSTANTS]) {
    const value = filter[name]
    if (value !== undefined) parameters.set(name, String(value))
  }
  return parameters
}

/** Whether anything is filtered out. */
export const isFiltered = (filter: ExecutionFilter): boolean => Object.keys(filter).length > 0

type Token = PropertyFilterProps.Token

/** The filter as the field's tokens. */
export function toTokens(filter: ExecutionFilter): Token[] {
  const tokens: Token[] = []
  const add = (propertyKey: string | undefined, operator: string, value: unknown) => {
    if (value !== undefined) tokens.push({ ...(propertyKey === undefined ? {} : { propertyKey }), operator, value })
  }
  add('status', '=', filter.status)
  add('function', '=', filter.function)
  add('version', '=', filter.version)
  add('name', '=', filter.name)
  add('name', ':', filter.name_contains)
  add('started', '>', filter.started_after)
  add('started', '<', filter.started_before)
  add(undefined, ':', filter.text)
  return tokens
}

/** The tokens as a filter. Of two that say the same thing differently the later counts. */
export function fromTokens(tokens: readonly Token[], now: number): ExecutionFilter {
  const filter: ExecutionFilter = {}
  for (const { propertyKey, operator, value } of tokens) {
    switch (propertyKey) {
      case 'status':
        filter.status = (Array.isArray(value) ? value : [value]).map(toStatus).filter((it) => it !== null)
        break
      case 'started': {
        const at = readInstant(String(value), now)
        if (at !== null) filter[operator === '<' ? 'started_before' : 'started_after'] = at
        break
      }
      case 'name':
        filter[operator === '=' ? 'name' : 'name_contains'] = String(value)
        break
      case 'function':
      case 'version':
        filter[propertyKey] = String(value)
        break
      default:
        filter.text = String(value)
    }
  }
  if (filter.status?.length === 0) delete filter.status
  return filter
}

/** A status by AWS's word or by ours: people type either. */
function toStatus(value: unknown): string | null {
  const text = String(value).toLowerCase()
  return STATUSES.find((status) => status.toLowerCase() === text || STATUS_LOOK[status].label.toLowerCase() === text) ?? null
}

/** Choices for when something started, in milliseconds before now. */
export const AGES = [
  ['15 minutes ago', 15 * 60_000],
  ['1 hour ago', 60 * 60_000],
  ['24 hours ago', 24 * 60 * 60_000],
  ['7 days ago', 7 * 24 * 60 * 60_000],
] as const

/** `15 minutes ago`, epoch milliseconds, or a date and time as browsers read them; none for anything else. */
export function readInstant(text: string, now: number): number | null {
  const age = AGES.find(([label]) => label === text)
  if (age !== undefined) return now - age[1]
  if (/^\d{11,}$/.test(text)) return Number(text)
  const read = Date.parse(text)
  return Number.isNaN(read) ? null : read
}

/** What the field offers, from what there is. */
export function filterOptions(counts: ExecutionCounts | undefined): PropertyFilterProps.FilteringOption[] {
  const versions = counts?.by_function ?? []
  return [
    ...STATUSES.map((status) => ({ propertyKey: 'status', value: status, label: STATUS_LOOK[status].label })),
    ...[...new Set(versions.map((it) => it.function))].map((value) => ({ propertyKey: 'function', value })),
    ...[...new Set(versions.map((it) => it.version))].map((value) => ({ propertyKey: 'version', value })),
    ...AGES.map(([value]) => ({ propertyKey: 'started', value })),
  ]
}
