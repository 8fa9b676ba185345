import Button from '@cloudscape-design/components/button'
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useState } from 'react'
import { sendCallbackFailure, sendCallbackHeartbeat, sendCallbackSuccess } from '../api/lambda'
import { operationName } from '../util/activity'
import { failCommands, heartbeatCommands, succeedCommands } from '../util/commands'
import { ActionDialog } from './action-dialog'
import { JsonField, jsonProblem } from './json-field'

export type CallbackAnswer = 'succeed' | 'fail' | 'heartbeat'

export interface AnswerableCallback {
  callback_id: string
  name?: string | null
  execution_name?: string | null
}

interface Props {
  callback: AnswerableCallback
  kind: CallbackAnswer
  onDone: () => void
  onDismiss: () => void
}

/** Answers a callback, or keeps it alive. */
export function CallbackDialog({ kind, ...props }: Props) {
  switch (kind) {
    case 'succeed':
      return <Succeed {...props} />
    case 'fail':
      return <Fail {...props} />
    case 'heartbeat':
      return <Heartbeat {...props} />
  }
}

type DialogProps = Omit<Props, 'kind'>

const nameOf = ({ name }: AnswerableCallback) => operationName(name, 'CALLBACK')

/** The last results that were given to callbacks of a name, kept for as long as the page. */
const lastResults = new Map<string, string>()

function Succeed({ callback, onDone, onDismiss }: DialogProps) {
  const name = nameOf(callback)
  const [result, setResult] = useState(lastResults.get(name) ?? (/approv|review|decision/i.test(name) ? '{"approved": true}' : '{}'))
  const problem = jsonProblem(result)
  return (
    <ActionDialog
      title={`Complete ${name}`}
      consequence="The execution gets this result and continues at once. A callback can be answered only once."
      commands={succeedCommands(callback.callback_id, result)}
      confirm="Send success"
      disabledReason={problem}
      run={() => {
        lastResults.set(name, result)
        return sendCallbackSuccess(callback.callback_id, result)
      }}
      onDone={onDone}
      onDismiss={onDismiss}
    >
      <SpaceBetween size="xs">
        <JsonField label="Result" description="JSON, as the function expects it" value={result} onChange={setResult} rows={5} />
        <SpaceBetween direction="horizontal" size="xs">
          {['{"approved": true}', '{"approved": false, "reason": ""}', 'null'].map((sample) => (
            <Button key={sample} variant="inline-link" onClick={() => setResult(sample)}>
              {sample}
            </Button>
          ))}
        </SpaceBetween>
      </SpaceBetween>
    </ActionDialog>
  )
}

function Fail({ callback, onDone, onDismiss }: DialogProps) {
  const name = nameOf(callback)
  const [type, setType] = useState('CallbackFailed')
  const [message, setMessage] = useState('')
  const error = { ErrorType: type, ErrorMessage: message }
  return (
    <ActionDialog
      title={`Fail ${name}`}
      consequence="The callback ends with this error, which the function may handle or fail with. A callback can be answered only once."
      commands={failCommands(callback.callback_id, error)}
      confirm="Send failure"
      disabledReason={type.trim() === '' ? 'Write an error type.' : undefined}
      run={() => sendCallbackFailure(callback.callback_id, error)}
      onDone={onDone}
      onDismiss={onDismiss}
    >
      <SpaceBetween size="s">
        <FormField label="Error type">
          <Input value={type} onChange={({ detail }) => setType(detail.value)} />
        </FormField>
        <FormField label="Error message">
          <Input value={message} onChange={({ detail }) => setMessage(detail.value)} />
        </FormField>
      </SpaceBetween>
    </ActionDialog>
  )
}

function Heartbeat({ callback, onDone, onDismiss }: DialogProps) {
  return (
    <ActionDialog
      title={`Keep ${nameOf(callback)} alive`}
      consequence="Reports that the work is still in progress: the heartbeat timeout starts again. The callback stays open."
      commands={heartbeatCommands(callback.callback_id)}
      confirm="Send heartbeat"
      run={() => sendCallbackHeartbeat(callback.callback_id)}
      onDone={onDone}
      onDismiss={onDismiss}
    />
  )
}
