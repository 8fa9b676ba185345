import Box from '@cloudscape-design/components/box'
import Button, { type ButtonProps } from '@cloudscape-design/components/button'
import Modal from '@cloudscape-design/components/modal'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { Commands } from '../util/commands'
import { CommandHint } from './command-hint'
import { ErrorBox } from './error-box'

interface Props<T> {
  title: string
  /** What will happen. */
  consequence: ReactNode
  /** Fields, where the action needs any. */
  children?: ReactNode
  commands: Commands
  confirm: string
  confirmVariant?: ButtonProps.Variant
  /** Why it cannot be done as things are. */
  disabledReason?: string | undefined
  run: () => Promise<T>
  onDone: (result: T) => void
  onDismiss: () => void
}

/** Every action that changes something: what will happen, the same as commands, then do it. */
export function ActionDialog<T>({ title, consequence, children, commands, confirm, confirmVariant = 'primary', disabledReason, run, onDone, onDismiss }: Props<T>) {
  const action = useMutation({ mutationFn: run, onSuccess: onDone })
  return (
    <Modal
      visible
      size="medium"
      onDismiss={onDismiss}
      header={title}
      closeAriaLabel="Close"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onDismiss}>
              Cancel
            </Button>
            <Button
              variant={confirmVariant}
              loading={action.isPending}
              loadingText={confirm}
              disabled={disabledReason !== undefined}
              {...(disabledReason === undefined ? {} : { disabledReason })}
              onClick={() => action.mutate()}
            >
              {confirm}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box variant="p">{consequence}</Box>
        {children}
        {action.error !== null && <ErrorBox title={`${title}: failed`} error={action.error} />}
        <CommandHint commands={commands} />
      </SpaceBetween>
    </Modal>
  )
}
