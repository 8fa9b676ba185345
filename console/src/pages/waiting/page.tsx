import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import { usePageTitle } from '../../layout/page-title'

export function WaitingPage() {
  usePageTitle('Waiting on the world')
  return <ContentLayout header={<Header variant="h1">Waiting on the world</Header>} />
}
