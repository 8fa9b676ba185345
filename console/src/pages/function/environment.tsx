import Header from '@cloudscape-design/components/header'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import type { FunctionDetail } from '../../api/types'
import { EmptyState } from '../../components/empty-state'
import { LongText } from '../../components/long-text'

type Variable = FunctionDetail['environment'][number]

export function Environment({ detail: { environment } }: { detail: FunctionDetail }) {
  const masked = environment.filter(({ masked: isMasked }) => isMasked).length
  return (
    <Table
      variant="container"
      contentDensity="comfortable"
      wrapLines
      trackBy="name"
      items={environment}
      columnDefinitions={COLUMNS}
      ariaLabels={{ tableLabel: 'Environment variables' }}
      empty={<EmptyState title="No variables">A template sets them under Environment, and lambdura up --env NAME=VALUE over it.</EmptyState>}
      header={
        <Header variant="h2" counter={`(${environment.length})`} description={masked === 0 ? undefined : 'A value whose name speaks of a key, secret, token, password or credential stays on the server: this page may be on a screen that many see.'}>
          Environment
        </Header>
      }
    />
  )
}

const COLUMNS: TableProps.ColumnDefinition<Variable>[] = [
  { id: 'name', header: 'Name', cell: ({ name }) => <code className="wrap-anywhere">{name}</code>, isRowHeader: true, minWidth: 140, width: '30%' },
  {
    id: 'value',
    header: 'Value',
    minWidth: 160,
    cell: ({ name, value, masked }) =>
      masked ? (
        <span className="secondary">
          <span aria-hidden="true">••••••••</span> masked: its name says that it is a secret
        </span>
      ) : (
        <LongText text={value ?? ''} label={name} />
      ),
  },
]
