import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Form from '@cloudscape-design/components/form'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { sessionQuery, signIn } from '../../api/session'
import { usePageTitle } from '../../layout/page-title'

/** Asks for an access key, where the server lets nobody in without one. */
export function SignInPage() {
  usePageTitle('Sign in')
  const [id, setId] = useState('')
  const [secret, setSecret] = useState('')
  const queries = useQueryClient()
  const signing = useMutation({
    mutationFn: () => signIn(id.trim(), secret.trim()),
    onSuccess: async (session) => {
      queries.setQueryData(sessionQuery.queryKey, session)
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
      <form onSubmit={submit}>
        <Container
          header={
            <Header variant="h1" description="With an access key of this server. What it may do, you may do.">
              Sign in to Lambdura
            </Header>
          }
        >
          <Form
            errorText={signing.error?.message}
            actions={
              <Button variant="primary" formAction="submit" loading={signing.isPending} disabled={!isComplete}>
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
                Whoever administers this server makes one: <code>lambdura keys create NAME --policy observe</code>
              </Box>
            </SpaceBetween>
          </Form>
        </Container>
      </form>
    </main>
  )
}
