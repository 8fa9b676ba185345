import Button from '@cloudscape-design/components/button'
import ButtonDropdown from '@cloudscape-design/components/button-dropdown'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { isEnded } from '../../../components/status-badge'
import { notify } from '../../../layout/notifications'
import { paths } from '../../../util/paths'
import type { Execution } from '../model/use-execution'
import { DeleteDialog, PauseDialog, ResumeDialog, StopDialog } from './dialogs'
import { RedriveDialog, statesArn } from './redrive'
import { StartAgainDialog } from './start-again'

type Action = 'again' | 'redrive' | 'pause' | 'resume' | 'stop' | 'delete'

/** What can be done about the execution as it stands. */
export function ExecutionActions({ execution }: { execution: Execution }) {
  const { detail } = execution
  const navigate = useNavigate()
  const [action, act] = useState<Action | null>(null)
  const ended = isEnded(detail.status)
  const executionArn = statesArn(detail)
  const close = () => act(null)
  const done = (text: string) => {
    close()
    notify('success', text)
  }
  const dialog = { detail, onDismiss: close }
  return (
    <>
      <SpaceBetween direction="horizontal" size="xs">
        <ButtonDropdown
          items={[
            { id: 'pause', text: 'Pause', disabled: detail.status !== 'RUNNING' },
            { id: 'resume', text: 'Resume', disabled: detail.status !== 'PAUSED' && detail.status !== 'PAUSING' },
            { id: 'stop', text: 'Stop', disabled: ended },
            ...(executionArn === null ? [] : [{ id: 'redrive', text: 'Redrive', disabled: !ended || detail.status === 'SUCCEEDED' }]),
            { id: 'delete', text: 'Delete', disabled: !ended },
          ]}
          onItemClick={({ detail: { id } }) => act(id as Action)}
        >
          Actions
        </ButtonDropdown>
        <Button variant="primary" onClick={() => act('again')}>
          Start again
        </Button>
      </SpaceBetween>
      {action === 'again' && (
        <StartAgainDialog
          {...dialog}
          onDone={(id) => {
            done('A new execution was started: this is it.')
            void navigate(paths.execution(id))
          }}
        />
      )}
      {action === 'redrive' && executionArn !== null && (
        <RedriveDialog
          {...dialog}
          executionArn={executionArn}
          onDone={(id) => {
            done('The execution goes on.')
            if (id !== null) void navigate(paths.execution(id, { tab: 'graph' }))
          }}
        />
      )}
      {action === 'pause' && <PauseDialog {...dialog} onDone={() => done('The pause was requested.')} />}
      {action === 'resume' && <ResumeDialog {...dialog} onDone={() => done('The execution goes on.')} />}
      {action === 'stop' && <StopDialog {...dialog} onDone={() => done('The execution was stopped.')} />}
      {action === 'delete' && (
        <DeleteDialog
          {...dialog}
          onDone={() => {
            done(`${detail.name} was deleted.`)
            void navigate(paths.executions())
          }}
        />
      )}
    </>
  )
}
