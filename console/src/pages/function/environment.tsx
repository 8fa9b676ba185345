import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Table from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { environmentQuery } from '../../api/console'
import type { FunctionDetail } from '../../api/types'
import { EmptyState } from '../../components/empty-state'
import { ErrorBox } from '../../components/error-box'
import { LongText } from '../../components/long-text'

/** The environment variables. Their values are read when somebody wants to see them: no name tells which are secrets. */
export function Environment({ detail: { function: name, latest_version: version, environment } }: { detail: FunctionDetail }) {
  const [isShown, setShown] = useState(false)
  const { data: values, error, refetch } = useQuery({ ...environmentQuery(name, version), enabled: isShown })
  if (isShown && error !== null) return <ErrorBox title="The values could not be read" error={error} onRetry={() => void refetch()} />
  return (
    <Table
      variant="container"
      contentDensity="comfortable"
      wrapLines
      trackBy="name"
      items={environment}
      columnDefinitions={[
        { id: 'name', header: 'Name', cell: (variable) => <code className="wrap-anywhere">{variable.name}</code>, isRowHeader: true, minWidth: 140, width: '30%' },
        {
          id: 'value',
          header: 'Value',
          minWidth: 160,
          cell: (variable) =>
            isShown && values !== undefined ? (
              <LongText text={values[variable.name] ?? ''} label={variable.name} />
            ) : (
              <span className="secondary">
                <span aria-hidden="true">••••••••</span> hidden
              </span>
            ),
        },
      ]}
      ariaLabels={{ tableLabel: 'Environment variables' }}
      empty={<EmptyState title="No variables">A template sets them under Environment; lambdura up --env NAME=VALUE overrides them.</EmptyState>}
      header={
        <Header
          variant="h2"
          counter={`(${environment.length})`}
          description={environment.length === 0 ? undefined : 'Values stay on the server until you ask for them, because others may see your screen.'}
          actions={environment.length === 0 ? undefined : <Button onClick={() => setShown(!isShown)}>{isShown ? 'Hide values' : 'Show values'}</Button>}
        >
          Environment
        </Header>
      }
    />
  )
}
