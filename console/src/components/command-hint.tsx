import ExpandableSection from '@cloudscape-design/components/expandable-section'
import { CopyText } from './copy-text'
import type { Commands } from '../util/commands'

/** The same action for a terminal, in both tongues. */
export function CommandHint({ commands }: { commands: Commands }) {
  return (
    <ExpandableSection headerText="The same in a terminal" defaultExpanded>
      <dl className="commands">
        <dt>AWS CLI</dt>
        <dd>
          <CopyText text={commands.aws} code label="Copy the AWS CLI command" />
        </dd>
        {commands.lambdura !== undefined && (
          <>
            <dt>lambdura</dt>
            <dd>
              <CopyText text={commands.lambdura} code label="Copy the lambdura command" />
            </dd>
          </>
        )}
      </dl>
    </ExpandableSection>
  )
}
