import type { Connection } from '../api/live'

const TEXT: Record<Connection, string> = { connecting: 'Connecting', live: 'Live', lost: 'Reconnecting', ended: 'Ended' }

/** Whether what is shown is as it is now. */
export function LiveBadge({ connection }: { connection: Connection }) {
  return (
    <span className={`live-badge live-${connection}`} role="status">
      <span aria-hidden="true" className="live-dot" />
      {TEXT[connection]}
    </span>
  )
}
