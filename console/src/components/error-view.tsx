import '../styles/payload.css'
import Box from '@cloudscape-design/components/box'
import Header from '@cloudscape-design/components/header'
import type { ErrorObject } from '../api/lambda'
import { errorPage } from '../util/error-page'
import { LongText } from './long-text'
import { PayloadViewer } from './payload-viewer/payload-viewer'

/** An error, whole: type, message, stack, data. */
export function ErrorView({ error, title = 'Error' }: { error: ErrorObject; title?: string }) {
  const page = errorPage(error.ErrorType ?? '')
  return (
    <section className="payload">
      <Header variant="h3">{title}</Header>
      <div>
        <b className="error-line wrap-anywhere">{error.ErrorType ?? 'Error'}</b>
        {error.ErrorMessage !== undefined && (
          <div className="error-message">
            <LongText text={error.ErrorMessage} shown={2_000} label="the message" />
          </div>
        )}
      </div>
      {page !== undefined && (
        <Box variant="small">
          What it means: <code>lambdura docs {page}</code>
        </Box>
      )}
      {error.StackTrace !== undefined && error.StackTrace.length > 0 && (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
        <pre className="payload-lines" tabIndex={0} role="region" aria-label="Stack trace">
          {error.StackTrace.slice(0, 500).join('\n')}
        </pre>
      )}
      {error.ErrorData !== undefined && <PayloadViewer title="Error data" text={error.ErrorData} />}
    </section>
  )
}
