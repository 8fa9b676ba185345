import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import { ServerError, Unreachable } from '../api/request'

interface Props {
  /** What could not be done: `The executions could not be read`. */
  title: string
  error: unknown
  onRetry?: (() => void) | undefined
}

/** What happened, why, and what to do. */
export function ErrorBox({ title, error, onRetry }: Props) {
  return (
    <Alert type="error" header={title} action={onRetry === undefined ? undefined : <Button onClick={onRetry}>Try again</Button>}>
      <div className="wrap-anywhere">{error instanceof Error ? error.message : String(error)}</div>
      <Box color="text-body-secondary">{advice(error)}</Box>
    </Alert>
  )
}

function advice(error: unknown): string {
  if (error instanceof Unreachable) return 'Start it with "lambdura up", or look at its terminal. This page continues by itself as soon as the server answers.'
  if (error instanceof ServerError && error.status === 404) return 'It may have been deleted, or its retention has passed.'
  if (error instanceof ServerError && error.message.startsWith('User: ')) return 'What you signed in with has no policy that allows it.'
  if (error instanceof ServerError && error.status === 403) return 'Open the console at the address that the server prints when it starts, or at the name of the proxy in front of it.'
  if (error instanceof ServerError && error.status >= 500) return 'See the terminal of "lambdura up" for more.'
  return ''
}
