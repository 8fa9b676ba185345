import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import { usePageTitle } from '../../layout/page-title'

export function FunctionPage() {
  usePageTitle('Function')
  return <ContentLayout header={<Header variant="h1">Function</Header>} />
}
