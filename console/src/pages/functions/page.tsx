import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import { usePageTitle } from '../../layout/page-title'

export function FunctionsPage() {
  usePageTitle('Functions')
  return <ContentLayout header={<Header variant="h1">Functions</Header>} />
}
