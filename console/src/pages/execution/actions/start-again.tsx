import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { durableExecutionQuery, functionQuery } from '../../../api/console'
import { invoke } from '../../../api/lambda'
import type { ExecutionDetail } from '../../../api/types'
import { ActionDialog } from '../../../components/action-dialog'
import { JsonField, jsonProblem } from '../../../components/json-field'
import { invokeCommands } from '../../../util/commands'

interface Props {
  detail: ExecutionDetail
  /** The id of the new execution. */
  onDone: (id: string) => void
  onDismiss: () => void
}

/** Characters of an input that a field still edits well. */
const EDITED_MAX = 200_000

/** Starts a new execution with the same input, or with an edited one. */
export function StartAgainDialog({ detail, onDone, onDismiss }: Props) {
  const old = useQuery(durableExecutionQuery(detail.arn, detail.ended_at ?? null))
  const versions = useQuery(functionQuery(detail.function))
  const [edited, edit] = useState<string | null>(null)
  const [name, setName] = useState('')
  const [qualifier, setQualifier] = useState(detail.version)
  const given = old.data?.InputPayload ?? ''
  const isLarge = given.length > EDITED_MAX
  const payload = edited ?? (isLarge ? given : pretty(given))
  const problem = old.isPending ? 'The old input is being read.' : jsonProblem(payload)
  const options = [
    { value: detail.version, label: `Version ${detail.version}`, description: 'the same code' },
    ...(versions.data?.versions.flatMap(({ version, aliases }) => aliases.map((alias) => ({ value: alias, label: alias, description: `alias of version ${version}` }))) ?? []),
  ]
  const request = { function: detail.function, qualifier, payload, name, type: 'Event' as const }
  return (
    <ActionDialog
      title="Start again"
      consequence="A new execution starts from the top with this input, whatever the old one recorded. The old one stays as it is."
      commands={invokeCommands(request)}
      confirm="Start"
      disabledReason={problem}
      run={() => invoke(request)}
      onDone={({ durableExecutionArn }) => onDone(durableExecutionArn?.split('/').at(-1) ?? detail.execution_id)}
      onDismiss={onDismiss}
    >
      <SpaceBetween size="s">
        {isLarge ? <p className="secondary">The input has {given.length.toLocaleString('en')} characters and is sent as it is.</p> : <JsonField label="Input" value={payload} onChange={edit} readOnly={old.isPending} rows={10} />}
        <FormField label="Name (optional)" description="A name that is in use is rejected, or returns the execution that has it">
          <Input value={name} onChange={({ detail: { value } }) => setName(value)} placeholder="one is made" />
        </FormField>
        <FormField label="Version">
          <Select selectedOption={options.find(({ value }) => value === qualifier) ?? null} options={options} onChange={({ detail: { selectedOption } }) => setQualifier(selectedOption.value ?? detail.version)} />
        </FormField>
      </SpaceBetween>
    </ActionDialog>
  )
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
