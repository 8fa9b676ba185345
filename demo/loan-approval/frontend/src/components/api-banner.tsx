import { type ApiError, ApiUnreachable } from '../api/client'
import { API_URL } from '../settings'
import { Icon } from './icon'

interface Props {
  trouble: ApiError | null
  reachable: boolean
  /** Whether an application is open, whose execution goes on without the page. */
  following: boolean
  /** Until when the server was away because this page has killed it, which is said elsewhere. Milliseconds since the epoch. */
  killedUntil: number
}

/** Says that the API is away and what to run. It disappears by itself as soon as the API answers. */
export function ApiBanner({ trouble, reachable, following, killedUntil }: Props) {
  const asked = trouble instanceof ApiUnreachable ? trouble.askedAt : null
  if (asked !== null && asked <= killedUntil) return null
  const away = !reachable || asked !== null
  if (!away && trouble === null) return null
  return (
    <div className="banner" role="alert">
      <Icon name="warning" />
      <div>
        <p className="banner-title">{away ? 'The loan API is not answering' : 'The loan API answers with errors'}</p>
        {away ? (
          <p>
            Nothing listens at <code>{API_URL}</code>. Start everything with <code>lambdura demo</code>, or run <code>lambdura up</code> in{' '}
            <code>demo/loan-approval</code>.
          </p>
        ) : (
          <p>
            {trouble?.message} Look at <code>lambdura logs</code> for the cause.
          </p>
        )}
        <p className="banner-note">
          {following ? 'The application is safe: what it has finished is recorded. ' : ''}This page keeps trying and continues by itself.
        </p>
      </div>
    </div>
  )
}
