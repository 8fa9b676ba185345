import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import { usePageTitle } from '../../layout/page-title'

export function ExecutionPage() {
  usePageTitle('Execution')
  return <ContentLayout header={<Header variant="h1">Execution</Header>} />
}
