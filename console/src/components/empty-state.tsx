import Box from '@cloudscape-design/components/box'
import type { ReactNode } from 'react'
import { CopyText } from './copy-text'

interface Props {
  title: string
  children?: ReactNode
  /** The next thing to type. */
  command?: string
}

/** Nothing is there: why, and what to do next. */
export function EmptyState({ title, children, command }: Props) {
  return (
    <Box textAlign="center" padding={{ vertical: 'l' }}>
      <Box variant="strong">{title}</Box>
      {children !== undefined && (
        <Box color="text-body-secondary" padding={{ top: 'xxs' }}>
          {children}
        </Box>
      )}
      {command !== undefined && (
        <Box padding={{ top: 's' }}>
          <CopyText text={command} code />
        </Box>
      )}
    </Box>
  )
}
