import { type RefObject, useState } from 'react'
import { ENGINES, type Engine, type Pair } from '../../api/application'
import type { Cost } from '../../api/cost'
import { type Feed, useApplication } from '../../hooks/use-application'
import { useCost } from '../../hooks/use-cost'
import type { Server } from '../../hooks/use-server'
import { useNow } from '../../hooks/use-now'
import { money } from '../../util/format'
import { deriveProgress } from '../../util/progress'
import { laneOf } from '../../util/timeline'
import { PHASE_TEXT } from '../../util/workflow'
import { KillButton, KillReport } from '../kill-server'
import { ManagerDialog } from '../manager-dialog'
import { StatusAnnouncer } from '../status-announcer'
import { UnknownApplication } from '../unknown-application'
import { Axis } from './axis'
import { ChangeOfFlow } from './change-of-flow'
import { Figures } from './figures'
import type { Side } from './side'

interface Props {
  headingRef: RefObject<HTMLHeadingElement | null>
  pair: Pair
  server: Server
  onNew: () => void
}

/** The same application in both engines, on one axis of time. */
export function ComparePage({ headingRef, pair, server, onNew }: Props) {
  const [durable, refreshDurable] = useApplication(pair.durable)
  const [machine, refreshMachine] = useApplication(pair['state-machine'])
  const feeds: Record<Engine, Feed> = { durable, 'state-machine': machine }
  const costs: Record<Engine, Cost | null> = {
    durable: useCost('durable', pair.durable, hasBegun(durable)),
    'state-machine': useCost('state-machine', pair['state-machine'], hasBegun(machine)),
  }
  const [desk, setDesk] = useState<'open' | 'postponed' | 'sent' | 'already_given'>('open')
  const decided = desk === 'sent' || desk === 'already_given'

  const sides = ENGINES.flatMap((engine): Side[] => {
    const { application } = feeds[engine]
    if (application === null) return []
    return [{ engine, id: pair[engine], application, progress: deriveProgress(application, decided), cost: costs[engine] }]
  })
  const live = sides.some(({ progress }) => PHASE_TEXT[progress.phase].live)
  const now = useNow(live)
  const unknown = ENGINES.find((engine) => feeds[engine].unknown !== null)
  if (unknown !== undefined) return <UnknownApplication headingRef={headingRef} id={pair[unknown]} message={feeds[unknown].unknown ?? ''} onNew={onNew} />

  const waiting = sides.filter(({ progress }) => progress.phase === 'awaiting_manager')
  // The manager is asked once, when neither is still on its way there.
  const asked = waiting.length > 0 && sides.length === ENGINES.length && sides.every(({ progress }) => progress.phase === 'awaiting_manager' || !PHASE_TEXT[progress.phase].live)
  const first = sides[0]
  const begin = Math.min(...sides.map(({ progress }) => progress.steps[0]?.startedAt ?? now))
  const lanes = sides.map((side) => ({ side, lane: laneOf(side.progress, side.cost, begin, Math.max(begin, now)) }))
  const refresh = () => {
    refreshDurable()
    refreshMachine()
  }
  const settle = (next: typeof desk) => {
    setDesk(next)
    refresh()
  }

  return (
    <div className="compare">
      <section className="card compare-axis" aria-labelledby="compare-heading" aria-busy={sides.length < ENGINES.length}>
        <header className="compare-head">
          <h2 id="compare-heading" ref={headingRef} tabIndex={-1}>
            {first ? `${first.application.applicantName}, ${money(first.application.loanAmount)}, twice` : 'The same application, twice'}
          </h2>
          <div className="compare-actions">
            {asked && desk !== 'open' && !decided && (
              <button type="button" className="button secondary" onClick={() => setDesk('open')}>
                Review and decide
              </button>
            )}
            {live && <KillButton server={server} onBack={refresh} />}
            <button type="button" className="button secondary" onClick={onNew}>
              New application
            </button>
          </div>
        </header>
        {lanes.length === ENGINES.length ? <Axis lanes={lanes} live={live} begin={begin} now={now} kills={server.kills} /> : <div className="placeholder" aria-hidden="true" />}
        <KillReport server={server} sides={sides} />
      </section>
      {lanes.length === ENGINES.length && <Figures lanes={lanes} offersKill={server.offered} />}
      <ChangeOfFlow />
      {sides.map(({ engine, progress }) => (
        <StatusAnnouncer key={engine} engine={engine} progress={progress} />
      ))}
      {first && asked && desk === 'open' && (
        <ManagerDialog
          application={first.application}
          ids={waiting.map(({ id }) => id)}
          waitingSince={Math.max(...waiting.map(({ progress }) => progress.at.startedAt ?? now))}
          onPostpone={() => setDesk('postponed')}
          onSent={() => settle('sent')}
          onAlreadyGiven={() => settle('already_given')}
        />
      )}
    </div>
  )
}

/** Whether its execution has told anything. */
function hasBegun({ application }: Feed): boolean {
  return application !== null && application.status !== 'submitted'
}
