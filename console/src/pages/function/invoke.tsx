import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import RadioGroup from '@cloudscape-design/components/radio-group'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { inputsQuery } from '../../api/console'
import { invoke, type InvokeRequest } from '../../api/lambda'
import type { FunctionDetail } from '../../api/types'
import { CommandHint } from '../../components/command-hint'
import { JsonField, jsonProblem } from '../../components/json-field'
import { invokeCommands } from '../../util/commands'
import { useSessionText } from '../../util/session'
import { InputChoice } from './input-choice'
import { InvokeResult } from './invoke-result'
import { compact, nameProblem, pretty, qualifiers, waitRefusal } from './invoke-rules'

/** A form that calls the function, and what came of it. */
export function InvokeTab({ detail }: { detail: FunctionDetail }) {
  const { function: name, is_durable: isDurable } = detail
  const queries = useQueryClient()
  const { data: inputs } = useQuery(inputsQuery(name))
  const options = qualifiers(detail)
  const refusal = waitRefusal(detail)

  const [draft, setDraft] = useSessionText(`lambdura.payload.${name}`)
  // What the field showed when the caret came into it: a suggestion that arrives later must not move under the hand.
  const [held, hold] = useState<string | null>(null)
  const [chosenQualifier, choose] = useState<string | null>(null)
  const [chosenType, chooseType] = useState<InvokeRequest['type'] | null>(null)
  const [executionName, setExecutionName] = useState('')
  const waiting = useRef<AbortController | null>(null)

  const [first] = inputs?.inputs ?? []
  const payload = draft ?? held ?? (first === undefined ? '{}' : pretty(first.payload))
  // A durable function must be called by a version or an alias; the first of those is its newest alias.
  const qualifier = chosenQualifier ?? (isDurable ? (options[0]?.value ?? '$LATEST') : '$LATEST')
  const type = chosenType ?? (refusal === undefined ? 'RequestResponse' : 'Event')
  const request: InvokeRequest = {
    function: name,
    qualifier: !isDurable && qualifier === '$LATEST' ? undefined : qualifier,
    payload,
    type,
    name: isDurable ? executionName : undefined,
  }

  const call = useMutation({
    mutationFn: async (asked: InvokeRequest) => {
      waiting.current = new AbortController()
      const from = performance.now()
      const answer = await invoke(asked, waiting.current.signal)
      return { answer, asked, millis: performance.now() - from }
    },
    onSettled: () => {
      for (const queryKey of [['inputs', name], ['function', name], ['functions']]) void queries.invalidateQueries({ queryKey })
    },
  })
  const isWrong = jsonProblem(payload) !== undefined || nameProblem(executionName) !== undefined
  const run = () => {
    if (!isWrong && !call.isPending) call.mutate(request)
  }

  return (
    <form
      className="invoke"
      aria-label={`Invoke ${name}`}
      onSubmit={(event) => {
        event.preventDefault()
        run()
      }}
    >
      <Container
        header={
          <Header variant="h2" actions={<Button variant="primary" loading={call.isPending} loadingText="Waiting" disabled={isWrong}>{LABEL[type]}</Button>}>
            Invoke
          </Header>
        }
      >
        <SpaceBetween size="m">
          <div className="invoke-choices">
            <FormField label="Version or alias">
              <Select
                selectedOption={options.find(({ value }) => value === qualifier) ?? { value: qualifier, label: qualifier }}
                options={options}
                onChange={({ detail: { selectedOption } }) => choose(selectedOption.value ?? null)}
              />
            </FormField>
            {isDurable && (
              <FormField label="Execution name" description="Made up when left out" errorText={nameProblem(executionName)}>
                <Input value={executionName} spellcheck={false} autoComplete={false} onChange={({ detail: { value } }) => setExecutionName(value)} />
              </FormField>
            )}
          </div>
          <FormField label="How">
            <RadioGroup
              value={type}
              direction="vertical"
              onChange={({ detail: { value } }) => chooseType(value as InvokeRequest['type'])}
              items={[
                { value: 'RequestResponse', label: 'Wait for the result', description: refusal ?? 'The answer is shown here', disabled: refusal !== undefined },
                { value: 'Event', label: 'Start and go on', description: isDurable ? 'The execution is shown as it runs' : 'Queued, and tried again if it fails' },
                { value: 'DryRun', label: 'Dry run', description: 'Only checks that it could be called' },
              ]}
            />
          </FormField>
          <InputChoice inputs={inputs?.inputs ?? []} onChoose={(input) => setDraft(pretty(input.payload))} />
          <JsonField label="Payload" description="Ctrl+Enter invokes" value={payload} onChange={setDraft} onFocus={() => hold(payload)} onSubmit={run} rows={12} />
          <Button formAction="none" disabled={jsonProblem(payload) !== undefined} onClick={() => setDraft(pretty(payload))}>
            Lay out the JSON
          </Button>
        </SpaceBetween>
      </Container>
      <SpaceBetween size="l">
        <InvokeResult isPending={call.isPending} startedAt={call.submittedAt} error={call.error} result={call.data} onCancel={() => waiting.current?.abort()} />
        <Container>
          <CommandHint commands={invokeCommands({ ...request, payload: compact(payload) })} />
        </Container>
      </SpaceBetween>
    </form>
  )
}

const LABEL: Record<InvokeRequest['type'], string> = { RequestResponse: 'Invoke', Event: 'Start', DryRun: 'Check' }
