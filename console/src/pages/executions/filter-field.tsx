import PropertyFilter, { type PropertyFilterProps } from '@cloudscape-design/components/property-filter'
import type { ExecutionFilter } from '../../api/console'
import type { ExecutionCounts } from '../../api/types'
import { STATUS_LOOK } from '../../components/status-badge'
import { formatInstant } from '../../time/format'
import { filterOptions, fromTokens, toTokens } from './filter'
import { serverNow } from '../../time/ahead'

const asInstant = (value: unknown): string => (/^\d{11,}$/.test(String(value)) ? formatInstant(Number(value), 'local', 0) : String(value))

const asStatuses = (value: unknown): string =>
  (Array.isArray(value) ? value : [value]).map((it) => STATUS_LOOK[it as keyof typeof STATUS_LOOK]?.label ?? String(it)).join(', ')

const PROPERTIES: PropertyFilterProps.FilteringProperty[] = [
  { key: 'status', propertyLabel: 'Status', groupValuesLabel: 'Statuses', operators: [{ operator: '=', tokenType: 'enum', format: asStatuses }] },
  { key: 'function', propertyLabel: 'Function', groupValuesLabel: 'Functions', operators: ['='] },
  { key: 'version', propertyLabel: 'Version', groupValuesLabel: 'Versions', operators: ['='] },
  { key: 'name', propertyLabel: 'Name', groupValuesLabel: 'Names', operators: ['=', ':'] },
  {
    key: 'started',
    propertyLabel: 'Started',
    groupValuesLabel: 'Started',
    defaultOperator: '>',
    operators: [
      { operator: '>', format: asInstant },
      { operator: '<', format: asInstant },
    ],
  },
]

interface Props {
  filter: ExecutionFilter
  counts: ExecutionCounts | undefined
  onChange: (filter: ExecutionFilter) => void
}

/** The filter as people build it: free text looks into inputs, results and errors. */
export function FilterField({ filter, counts, onChange }: Props) {
  return (
    <PropertyFilter
      query={{ operation: 'and', tokens: toTokens(filter) }}
      onChange={({ detail }) => onChange(fromTokens(detail.tokens, serverNow()))}
      filteringProperties={PROPERTIES}
      filteringOptions={filterOptions(counts)}
      freeTextFiltering={{ operators: [':'], defaultOperator: ':' }}
      hideOperations
      filteringPlaceholder="Text in input, result or error; or status, function, name, time"
      filteringAriaLabel="Filter the executions"
      filteringEmpty="Nothing to suggest"
      expandToViewport
      i18nStrings={TEXTS}
    />
  )
}

const OPERATORS: Record<string, string> = { '=': 'is', ':': 'contains', '>': 'after', '<': 'before' }

const TEXTS: PropertyFilterProps.I18nStrings = {
  clearFiltersText: 'Clear the filter',
  removeTokenButtonAriaLabel: () => 'Remove this part of the filter',
  enteredTextLabel: (text) => `Search for "${text}" in input, result and error`,
  applyActionText: 'Apply',
  cancelActionText: 'Cancel',
  editTokenHeader: 'Edit',
  propertyText: 'Property',
  operatorText: 'Comparison',
  valueText: 'Value',
  allPropertiesLabel: 'Input, result or error',
  groupPropertiesText: 'Properties',
  groupValuesText: 'Values',
  operatorsText: 'Comparisons',
  operatorEqualsText: 'is',
  operatorContainsText: 'contains',
  operatorGreaterText: 'after',
  operatorLessText: 'before',
  formatToken: ({ propertyLabel, operator, value }) => {
    const shown = propertyLabel === 'Started' ? asInstant(value) : asStatuses(value)
    return `${propertyLabel === '' ? 'Input, result or error' : propertyLabel} ${OPERATORS[operator] ?? operator} ${shown}`
  },
}
