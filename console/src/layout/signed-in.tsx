import Box from '@cloudscape-design/components/box'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { sessionQuery } from '../api/session'
import { ErrorBox } from '../components/error-box'
import { SignInPage } from '../pages/sign-in/page'

/** Shows the console to whoever is signed in, or everybody where nobody has to, and the sign-in to others. */
export function SignedIn({ children }: { children: ReactNode }) {
  const session = useQuery(sessionQuery)
  if (session.isPending) return null
  if (session.data === undefined) {
    return (
      <Box padding="l">
        <ErrorBox title="The console cannot be shown" error={session.error} onRetry={() => void session.refetch()} />
      </Box>
    )
  }
  const isOut = session.data.required && session.data.name === undefined
  return isOut ? <SignInPage /> : children
}
