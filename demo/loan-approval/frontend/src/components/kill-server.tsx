import type { Engine } from '../api/application'
import type { Cost } from '../api/cost'
import type { Server } from '../hooks/use-server'
import { useNow } from '../hooks/use-now'
import { gap } from '../util/format'
import { damageOf, damageText, type Kill } from '../util/kill'
import { ENGINE_TEXT } from '../util/workflow'
import { Icon } from './icon'

interface ButtonProps {
  server: Server
  /** What follows the server asks anew once it is back. */
  onBack: () => void
}

/** Kills the demo's server, where this page may. */
export function KillButton({ server, onBack }: ButtonProps) {
  if (!server.offered) return null
  return (
    <button type="button" className="button danger" aria-disabled={server.gone} onClick={() => server.gone || server.kill(onBack)}>
      <Icon name="cross" />
      Kill the server
    </button>
  )
}

/** What a side of the report is about. */
export interface Counted {
  engine: Engine
  cost: Cost | null
}

/** What happened at each kill: measured by this page, and counted from the histories. The newest first. */
export function KillReport({ server, sides }: { server: Server; sides: readonly Counted[] }) {
  const shown = server.kills.filter((kill) => sides.some(({ engine, cost }) => kill.away === null || (cost && damageOf(engine, cost, kill.at))))
  const now = useNow(server.gone)
  if (shown.length === 0 && server.trouble === null) return null
  return (
    <section className="kills" aria-label="Kills of the server">
      {server.trouble !== null && (
        <p className="refusal" role="alert">
          The server was not killed: {server.trouble}
        </p>
      )}
      <ol className="kills-list" aria-live="polite">
        {shown.toReversed().map((kill) => (
          <li key={kill.at} data-gone={kill.away === null}>
            <p className="kills-what">{what(kill, now)}</p>
            {kill.away !== null &&
              sides.map(({ engine, cost }) => {
                const damage = cost && damageOf(engine, cost, kill.at)
                return (
                  damage && (
                    <p key={engine} className="kills-damage">
                      <strong>{ENGINE_TEXT[engine].label}</strong> {damageText(engine, damage)}
                    </p>
                  )
                )
              })}
          </li>
        ))}
      </ol>
    </section>
  )
}

function what(kill: Kill, now: number) {
  const killed = (
    <>
      <code>kill -9 {kill.process}</code>{' '}
    </>
  )
  if (kill.away === null) {
    return (
      <>
        {killed} The server is gone. What it had acknowledged is recorded; it is started again. <span aria-hidden="true">{gap(Math.max(0, now - kill.at))}</span>
      </>
    )
  }
  return (
    <>
      {killed} Nobody answered for <strong>{gap(kill.away)}</strong>. {kill.next === null ? 'The server is back.' : `The server is back as process ${kill.next}.`}
    </>
  )
}
