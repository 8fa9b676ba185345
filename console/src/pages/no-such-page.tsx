import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useLocation, useNavigate } from 'react-router'
import { usePageTitle } from '../layout/page-title'
import { follow } from '../layout/shell'
import { paths } from '../util/paths'

/** Characters of an address that are said. */
const ADDRESS = 200

/** An address that nothing is at: which one, and ways back. */
export function NoSuchPage() {
  usePageTitle('No such page')
  const { pathname } = useLocation()
  const navigate = useNavigate()
  return (
    <ContentLayout header={<Header variant="h1">There is no such page</Header>}>
      <SpaceBetween size="l">
        <Box variant="p">
          The console has no page at <code className="wrap-anywhere">{pathname.slice(0, ADDRESS)}</code>. The address may be misspelled, or the link belongs to another version.
        </Box>
        <SpaceBetween direction="horizontal" size="xs">
          <Button variant="primary" href={paths.executions()} onFollow={(event) => follow(event, navigate)}>
            To the executions
          </Button>
          {window.history.length > 1 && <Button onClick={() => void navigate(-1)}>Back</Button>}
        </SpaceBetween>
      </SpaceBetween>
    </ContentLayout>
  )
}
