import Button from '@cloudscape-design/components/button'
import ButtonDropdown, { type ButtonDropdownProps } from '@cloudscape-design/components/button-dropdown'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { useMay } from '../../../api/use-may'
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
  const may = useMay()
  const ended = isEnded(detail.status)
  const executionArn = statesArn(detail)
  const close = () => act(null)
  const done = (text: string) => {
    close()
    notify('success', text)
  }
  const dialog = { detail, onDismiss: close }
  const items: (ButtonDropdownProps.Item | false)[] = [
    may('lambdura:PauseDurableExecution') && { id: 'pause', text: 'Pause', disabled: detail.status !== 'RUNNING' },
    may('lambdura:ResumeDurableExecution') && { id: 'resume', text: 'Resume', disabled: detail.status !== 'PAUSED' && detail.status !== 'PAUSING' },
    may('lambda:StopDurableExecution') && { id: 'stop', text: 'Stop', disabled: ended },
    executionArn !== null && may('states:RedriveExecution') && { id: 'redrive', text: 'Redrive', disabled: !ended || detail.status === 'SUCCEEDED' },
    may('lambdura:DeleteDurableExecution') && { id: 'delete', text: 'Delete', disabled: !ended },
  ]
  const offered = items.filter((item) => item !== false)
  return (
    <>
      <SpaceBetween direction="horizontal" size="xs">
        {offered.length > 0 && (
          <ButtonDropdown items={offered} onItemClick={({ detail: { id } }) => act(id as Action)}>
            Actions
          </ButtonDropdown>
        )}
        {may('lambda:InvokeFunction') && (
          <Button variant="primary" onClick={() => act('again')}>
            Start again
          </Button>
        )}
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
