import { readExecutions } from '../../../api/console'
import { redriveExecution } from '../../../api/lambda'
import type { ExecutionDetail } from '../../../api/types'
import { ActionDialog } from '../../../components/action-dialog'
import { redriveCommands } from '../../../util/commands'

/** What the name of one that goes on ends with. Has to be as `name_of` in `crates/server/src/states/redrive_names.rs`. */
const REDRIVEN = /-redrive-\d+-[0-9a-f]{16}$/
const HEAD = 30

/** The ARN by which Step Functions knows an execution; null where it cannot be told. */
export function statesArn({ arn, name, function: machine, is_state_machine: isOne }: ExecutionDetail): string | null {
  const [, partition, , region, account] = arn.split(':')
  const own = name.replace(REDRIVEN, '')
  // A long name is cut before that is put behind it.
  const isWhole = own === name || own.length < HEAD
  return isOne && isWhole ? `arn:${partition}:states:${region}:${account}:execution:${machine}:${own}` : null
}

interface Props {
  detail: ExecutionDetail
  executionArn: string
  /** The id of the execution that goes on; null if it is not there yet. */
  onDone: (id: string | null) => void
  onDismiss: () => void
}

/** Has an execution of a state machine go on from where it failed. */
export function RedriveDialog({ detail, executionArn, onDone, onDismiss }: Props) {
  const run = async () => {
    await redriveExecution(executionArn)
    const own = executionArn.split(':').at(-1) ?? ''
    const filter = { function: detail.function, name_contains: `${own.slice(0, HEAD)}-redrive-` }
    const { executions } = await readExecutions(filter, undefined, new AbortController().signal)
    return executions.find(({ status }) => status === 'RUNNING')?.execution_id ?? executions[0]?.execution_id ?? null
  }
  return (
    <ActionDialog
      title="Redrive this execution"
      consequence="It continues from the state that failed, with that state's input, as a new execution; states that succeeded are not run again. For Step Functions it is still the same execution."
      commands={redriveCommands(executionArn)}
      confirm="Redrive"
      run={run}
      onDone={onDone}
      onDismiss={onDismiss}
    />
  )
}
