import '../../styles/executions.css'
import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { OpenCallback } from '../../api/types'
import { type CallbackAnswer, CallbackDialog } from '../../components/callback-dialog'
import { useRowKeys } from '../../keyboard/row-focus'
import { notify } from '../../layout/notifications'
import { usePageTitle } from '../../layout/page-title'
import { operationName } from '../../util/activity'
import { CallbackList } from './callbacks'
import { TimerList } from './timers'

const DONE: Record<CallbackAnswer, string> = { succeed: 'completed', fail: 'failed', heartbeat: 'kept alive' }

/** What waits for somebody, and what waits for its time. */
export function WaitingPage() {
  usePageTitle('Waiting on the world')
  useRowKeys('#waiting', 'row', false)
  const queries = useQueryClient()
  const [asked, ask] = useState<{ callback: OpenCallback; kind: CallbackAnswer } | null>(null)
  const answered = () => {
    if (asked === null) return
    notify('success', `${operationName(asked.callback.name, 'CALLBACK')} of ${asked.callback.execution_name} was ${DONE[asked.kind]}.`)
    ask(null)
    void queries.invalidateQueries({ queryKey: ['callbacks'] })
  }
  return (
    <ContentLayout
      header={
        <Header variant="h1" description="Suspended executions hold no process: they wait here for an answer, or for their time.">
          Waiting on the world
        </Header>
      }
    >
      <div id="waiting">
        <SpaceBetween size="l">
          <CallbackList onAnswer={(callback, kind) => ask({ callback, kind })} />
          <TimerList />
        </SpaceBetween>
      </div>
      {asked !== null && <CallbackDialog callback={asked.callback} kind={asked.kind} onDone={answered} onDismiss={() => ask(null)} />}
    </ContentLayout>
  )
}
