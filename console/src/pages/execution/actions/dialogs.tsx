import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import { useState } from 'react'
import { deleteDurableExecution, pauseDurableExecution, resumeDurableExecution, stopDurableExecution } from '../../../api/lambda'
import type { ExecutionDetail } from '../../../api/types'
import { ActionDialog } from '../../../components/action-dialog'
import { deleteCommands, pauseCommands, resumeCommands, stopCommands } from '../../../util/commands'

interface Props {
  detail: ExecutionDetail
  onDone: () => void
  onDismiss: () => void
}

export function StopDialog({ detail, ...rest }: Props) {
  const [reason, setReason] = useState('')
  return (
    <ActionDialog
      title="Stop this execution"
      consequence="It ends now, for good, as STOPPED: what it has recorded stays, and it does not continue. A process that is working on it can record nothing more."
      commands={stopCommands(detail.arn, reason)}
      confirm="Stop"
      run={() => stopDurableExecution(detail.arn, reason === '' ? {} : { ErrorMessage: reason })}
      {...rest}
    >
      <Reason value={reason} onChange={setReason} description="Recorded as the message of the execution's error" />
    </ActionDialog>
  )
}

export function PauseDialog({ detail, ...rest }: Props) {
  const [reason, setReason] = useState('')
  return (
    <ActionDialog
      title="Pause this execution"
      consequence="The function is not invoked until it is resumed. Until then, timers run, answers are recorded, and the execution timeout stands still. A running invocation stops at its next checkpoint."
      commands={pauseCommands(detail.arn, reason)}
      confirm="Pause"
      run={() => pauseDurableExecution(detail.arn, reason === '' ? undefined : reason)}
      {...rest}
    >
      <Reason value={reason} onChange={setReason} description="Recorded in the history" />
    </ActionDialog>
  )
}

export function ResumeDialog({ detail, ...rest }: Props) {
  return (
    <ActionDialog
      title="Resume this execution"
      consequence="If anything happened during the pause, the function is invoked again and replays what it has recorded."
      commands={resumeCommands(detail.arn)}
      confirm="Resume"
      run={() => resumeDurableExecution(detail.arn)}
      {...rest}
    />
  )
}

export function DeleteDialog({ detail, ...rest }: Props) {
  return (
    <ActionDialog
      title="Delete this execution"
      consequence="Its record is deleted, with its history, input and result. This cannot be undone; its name becomes free again."
      commands={deleteCommands(detail.arn)}
      confirm="Delete"
      run={() => deleteDurableExecution(detail.arn)}
      {...rest}
    />
  )
}

function Reason({ value, onChange, description }: { value: string; onChange: (value: string) => void; description: string }) {
  return (
    <FormField label="Reason (optional)" description={description}>
      <Input value={value} onChange={({ detail }) => onChange(detail.value)} />
    </FormField>
  )
}
