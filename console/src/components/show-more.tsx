import Button from '@cloudscape-design/components/button'
import { PAGE_ROWS, ROWS_MAX } from '../api/console'

/** Makes a list longer by a page; null when everything is shown, or as much as a list takes. */
export function ShowMore({ hasMore, limit, onLimit }: { hasMore: boolean; limit: number; onLimit: (limit: number) => void }) {
  if (!hasMore) return null
  if (limit >= ROWS_MAX) return <span className="secondary">These are the first {ROWS_MAX.toLocaleString('en')}.</span>
  return <Button onClick={() => onLimit(Math.min(limit + PAGE_ROWS, ROWS_MAX))}>Show more</Button>
}
