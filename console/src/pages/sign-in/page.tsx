import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Form from '@cloudscape-design/components/form'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Alert from '@cloudscape-design/components/alert'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { PROVIDER_ROUTE, sessionQuery, signIn } from '../../api/session'
import { usePageTitle } from '../../layout/page-title'

/** Why the provider's way back ended here again: words of `server::service::session`, and no others are shown. */
const REFUSALS: Record<string, string> = {
  late: 'This sign-in was not started in this browser, or took longer than ten minutes. Try again.',
  refused: 'Your organization did not sign you in.',
  'no-policy': 'Your organization knows you, but nobody has said what you may do here: ask the administrator of this server to add an `--oidc-policy` for you.',
  failed: "Your organization's sign-in could not be used. The server's log says why.",
}

/** Asks for an access key, where the server lets nobody in without one. */
export function SignInPage() {
  usePageTitle('Sign in')
  const [id, setId] = useState('')
  const [secret, setSecret] = useState('')
  const queries = useQueryClient()
  const { data: session } = useQuery(sessionQuery)
  const refusal = REFUSALS[new URLSearchParams(window.location.search).get('sign-in') ?? '']
  const signing = useMutation({
    mutationFn: () => signIn(id.trim(), secret.trim()),
    onSuccess: async (begun) => {
      queries.setQueryData(sessionQuery.queryKey, begun)
      await queries.invalidateQueries()
    },
  })
  const isComplete = id.trim() !== '' && secret.trim() !== ''
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isComplete && !signing.isPending) signing.mutate()
  }

  return (
    <main className="sign-in">
      {session?.provider === true && (
        <Container header={<Header variant="h1">Sign in to Lambdura</Header>}>
          <SpaceBetween size="m">
            {refusal !== undefined && <Alert type="error">{refusal}</Alert>}
            <Button variant="primary" href={PROVIDER_ROUTE} fullWidth>
              Sign in with your organization
            </Button>
          </SpaceBetween>
        </Container>
      )}
      <form onSubmit={submit}>
        <Container
          header={
            <Header variant={session?.provider === true ? 'h2' : 'h1'} description="With an access key of this server. You may do what the key may do.">
              {session?.provider === true ? 'Or by an access key' : 'Sign in to Lambdura'}
            </Header>
          }
        >
          <Form
            errorText={signing.error?.message}
            actions={
              <Button variant={session?.provider === true ? 'normal' : 'primary'} formAction="submit" loading={signing.isPending} disabled={!isComplete}>
                Sign in
              </Button>
            }
          >
            <SpaceBetween size="l">
              <FormField label="Access key ID">
                <Input value={id} onChange={({ detail }) => setId(detail.value)} autoComplete="username" spellcheck={false} name="access-key-id" />
              </FormField>
              <FormField label="Secret access key">
                <Input value={secret} onChange={({ detail }) => setSecret(detail.value)} type="password" autoComplete="current-password" name="secret-access-key" />
              </FormField>
              <Box variant="small">
                The administrator of this server creates one: <code>lambdura keys create NAME --policy observe</code>
              </Box>
            </SpaceBetween>
          </Form>
        </Container>
      </form>
    </main>
  )
}
