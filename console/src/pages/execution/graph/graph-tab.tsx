import '../../../styles/graph.css'
import Button from '@cloudscape-design/components/button'
import { useQuery } from '@tanstack/react-query'
import { type PointerEvent, useEffect, useEffectEvent, useMemo, useRef, useState } from 'react'
import { definitionQuery } from '../../../api/console'
import { EmptyState } from '../../../components/empty-state'
import { ErrorBox } from '../../../components/error-box'
import { Loading } from '../../../components/loading'
import { PayloadViewer } from '../../../components/payload-viewer/payload-viewer'
import type { Selection } from '../model/selection'
import type { Execution } from '../model/use-execution'
import { allStates, readDefinition, type Scope, type State } from './definition'
import { type Edge, layout, type Node, pathOf } from './layout'
import { edgeKey, type GraphRuns, operationName, runsOf, type StateRuns, type StateStatus } from './runs'

const STATUS_LABEL: Record<StateStatus, string> = {
  waiting: 'Not entered',
  running: 'Running',
  succeeded: 'Succeeded',
  caught: 'Failed, and caught',
  failed: 'Failed',
  stopped: 'Stopped',
}

const STATUS_SIGN: Record<StateStatus, string> = { waiting: '', running: '●', succeeded: '✓', caught: '↷', failed: '✕', stopped: '■' }

const SCALE = { min: 0.2, readable: 0.7, max: 2 }
const STEP = 1.25

/** Pixels around the drawing, and that a pointer moves before it drags instead of clicking. */
const MARGIN = 20
const DRAG = 4

/** The state machine as it is drawn, with what became of its states. */
export function GraphTab({ execution, selection }: { execution: Execution; selection: Selection }) {
  const { data, error, refetch } = useQuery({ ...definitionQuery(execution.id), enabled: execution.detail.is_state_machine })
  const whole = useMemo(() => (data === undefined ? null : readDefinition(data.definition)), [data])
  if (!execution.detail.is_state_machine) return <EmptyState title="There is nothing to draw">Executions of state machines have a graph, as long as their definition is available.</EmptyState>
  if (error !== null) return <ErrorBox title="The definition could not be read" error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Loading />
  if (whole === null) return <EmptyState title="The definition could not be understood" />
  return <Graph scope={scopeOf(whole, execution)} execution={execution} selection={selection} />
}

/** The states that the execution runs: those of an item, if it is one of a distributed Map state. */
function scopeOf(whole: Scope, { history }: Execution): Scope {
  const first = history.roots.map((id) => history.operations.get(id)).find((operation) => operation?.type === 'CONTEXT')
  const begins = (scope: Scope) => operationName(scope.startAt) === first?.name
  if (first === undefined || begins(whole)) return whole
  const items = allStates(whole).filter(({ isDistributed }) => isDistributed)
  return items.flatMap(({ scopes }) => scopes).find(begins) ?? whole
}

function Graph({ scope, execution, selection }: { scope: Scope; execution: Execution; selection: Selection }) {
  const { history, detail } = execution
  const drawing = useMemo(() => layout(scope), [scope])
  const runs = runsOf(scope, history, detail.ended_at !== null && detail.ended_at !== undefined)
  // At first it is as wide as there is space, but not too small to be read.
  const [scale, setScale] = useState<number | 'fit' | null>(null)
  const [looked, look] = useState<string | null>(null)
  const [space, setSpace] = useState(0)
  const scroller = useRef<HTMLDivElement>(null)
  const size = { width: drawing.width + 2 * MARGIN, height: drawing.height + 2 * MARGIN }
  const fit = space === 0 ? 1 : Math.min(1, Math.max(SCALE.min, space / size.width))
  const used = scale === 'fit' ? fit : (scale ?? Math.max(fit, SCALE.readable))
  const selected = drawing.nodes.find(({ state }) => runs.states.get(state.path)?.operations.some(({ id }) => id === selection.operation))
  const chosen = selected ?? drawing.nodes.find(({ state }) => state.path === looked)

  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    const watch = new ResizeObserver(() => setSpace(element.clientWidth))
    watch.observe(element)
    return () => watch.disconnect()
  }, [])
  const start = (drawing.marks[0]?.x ?? 0) + MARGIN
  const isFirst = scale === null && space > 0
  useEffect(() => {
    const element = scroller.current
    if (element !== null && isFirst) element.scrollLeft = start * used - element.clientWidth / 2
  }, [isFirst, start, used])
  const zoomBy = (factor: number) => setScale(Math.min(SCALE.max, Math.max(SCALE.min, used * factor)))
  const onWheel = useEffectEvent((event: WheelEvent) => {
    if (!event.ctrlKey) return
    event.preventDefault()
    zoomBy(event.deltaY > 0 ? 1 / STEP : STEP)
  })
  // React's own listener is passive: it could not keep the browser from zooming the page as well.
  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    const listen = (event: WheelEvent) => onWheel(event)
    element.addEventListener('wheel', listen, { passive: false })
    return () => element.removeEventListener('wheel', listen)
  }, [])
  const drag = useDrag()
  const choose = (state: State) => {
    if (drag.didMove()) return
    const last = runs.states.get(state.path)?.operations.at(-1)
    look(state.path)
    selection.select({ operation: last?.id ?? null })
  }
  return (
    <div className="graph">
      <div className="timeline-tools">
        <Button iconName="zoom-in" variant="icon" ariaLabel="Zoom in" disabled={used >= SCALE.max} onClick={() => zoomBy(STEP)} />
        <Button iconName="zoom-out" variant="icon" ariaLabel="Zoom out" disabled={used <= SCALE.min} onClick={() => zoomBy(1 / STEP)} />
        <Button iconName="zoom-to-fit" variant="icon" ariaLabel="Fit the width" onClick={() => setScale('fit')} />
        <span className="secondary figure">{Math.round(used * 100)} %</span>
      </div>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls takes the focus, for the keyboard */}
      <div className="graph-scroller" ref={scroller} role="region" aria-label="Graph of the state machine" tabIndex={0} {...drag.handlers}>
        <div className="graph-sizer" style={{ inlineSize: size.width * used, blockSize: size.height * used }}>
          <div className="graph-drawing" style={{ inlineSize: size.width, blockSize: size.height, transform: `scale(${used})` }}>
            <div className="graph-origin" style={{ inset: MARGIN }}>
              <Edges edges={drawing.edges} runs={runs} width={drawing.width} height={drawing.height} />
              {drawing.marks.map((mark, index) => (
                <span key={index === 0 ? 'start' : 'end'} className={`graph-mark ${index === 0 ? 'graph-mark-start' : 'graph-mark-end'}`} style={{ insetInlineStart: mark.x, insetBlockStart: mark.y }} title={index === 0 ? 'Start' : 'End'} />
              ))}
              {drawing.nodes.map((node) => (
                <StateBox key={node.state.path} node={node} runs={runs.states.get(node.state.path)} isChosen={node === chosen} onChoose={() => choose(node.state)} />
              ))}
            </div>
          </div>
        </div>
      </div>
      <GraphLegend />
      {chosen !== undefined && <Chosen state={chosen.state} runs={runs.states.get(chosen.state.path)} selection={selection} />}
    </div>
  )
}

/** Lets a pointer move what is scrolled. Fingers do that by themselves. */
function useDrag() {
  const from = useRef<{ x: number; y: number; left: number; top: number; moved: boolean } | null>(null)
  const moved = useRef(false)
  return {
    didMove: () => moved.current,
    handlers: {
      onPointerDown: (event: PointerEvent<HTMLDivElement>) => {
        moved.current = false
        if (event.pointerType === 'touch' || event.button !== 0) return
        const { scrollLeft: left, scrollTop: top } = event.currentTarget
        from.current = { x: event.clientX, y: event.clientY, left, top, moved: false }
      },
      onPointerMove: (event: PointerEvent<HTMLDivElement>) => {
        if (from.current === null || event.buttons === 0) return
        const [x, y] = [event.clientX - from.current.x, event.clientY - from.current.y]
        if (Math.abs(x) + Math.abs(y) > DRAG) moved.current = true
        if (!moved.current) return
        event.currentTarget.scrollLeft = from.current.left - x
        event.currentTarget.scrollTop = from.current.top - y
      },
      onPointerUp: () => {
        from.current = null
      },
    },
  }
}

function Edges({ edges, runs, width, height }: { edges: readonly Edge[]; runs: GraphRuns; width: number; height: number }) {
  // Those that were gone are drawn last, above the others.
  const isTaken = (edge: Edge) => runs.taken.has(edgeKey(edge.from, edge.to))
  const sorted = edges.toSorted((a, b) => Number(isTaken(a)) - Number(isTaken(b)))
  return (
    <svg className="graph-edges" width={width} height={height} aria-hidden="true">
      <defs>
        {['idle', 'taken'].map((look) => (
          <marker key={look} id={`graph-arrow-${look}`} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
            <path d="M 0 0 L 8 4 L 0 8 z" className={`graph-arrow-${look}`} />
          </marker>
        ))}
      </defs>
      {sorted.map((edge) => {
        const look = isTaken(edge) ? 'taken' : 'idle'
        return <path key={`${edge.from}/${edge.to}/${edge.kind}`} d={pathOf(edge)} className={`graph-edge graph-edge-${look} graph-edge-${edge.kind}`} markerEnd={`url(#graph-arrow-${look})`} />
      })}
    </svg>
  )
}

function StateBox({ node: { x, y, width, height, state, isFrame }, runs, isChosen, onChoose }: { node: Node; runs: StateRuns | undefined; isChosen: boolean; onChoose: () => void }) {
  const status = runs?.status ?? 'waiting'
  const count = runs?.operations.length ?? 0
  const type = state.isDistributed ? 'Distributed map' : state.type
  const times = count > 1 ? `, ran ${count} times${runs === undefined || runs.failed === 0 ? '' : `, ${runs.failed} failed`}` : ''
  return (
    <div className={`graph-state graph-${status}${isFrame ? ' graph-frame' : ''}${isChosen ? ' graph-chosen' : ''}`} style={{ insetInlineStart: x, insetBlockStart: y, inlineSize: width, blockSize: height }}>
      <button type="button" className="graph-button" aria-pressed={isChosen} title={state.name} onClick={onChoose}>
        <span className="graph-name">
          {STATUS_SIGN[status] !== '' && (
            <span className="graph-sign" aria-hidden="true">
              {STATUS_SIGN[status]}
            </span>
          )}
          <bdi className="graph-title">{state.name}</bdi>
          {count > 1 && (
            <span className="graph-count" aria-hidden="true">
              ×{count}
            </span>
          )}
        </span>
        <span className="graph-type">
          {type}
          <span className="graph-said">{`, ${STATUS_LABEL[status].toLowerCase()}${times}`}</span>
        </span>
      </button>
    </div>
  )
}

function GraphLegend() {
  return (
    <ul className="legend" aria-label="Legend">
      {(['running', 'succeeded', 'caught', 'failed', 'stopped', 'waiting'] as const).map((status) => (
        <li key={status}>
          <span className={`graph-swatch graph-${status}`} aria-hidden="true">
            {STATUS_SIGN[status]}
          </span>
          {STATUS_LABEL[status]}
        </li>
      ))}
      <li>
        <svg width="26" height="8" aria-hidden="true">
          <path d="M 0 4 L 26 4" className="graph-edge graph-edge-catch graph-edge-idle" />
        </svg>
        After an error
      </li>
    </ul>
  )
}

/** The chosen state as it is written, and which of its runs is shown beside. */
function Chosen({ state, runs, selection }: { state: State; runs: StateRuns | undefined; selection: Selection }) {
  const operations = runs?.operations ?? []
  const at = operations.findIndex(({ id }) => id === selection.operation)
  const go = (to: number) => selection.select({ operation: operations[to]?.id ?? null })
  return (
    <section className="graph-chosen-state" aria-label="Chosen state">
      <div className="graph-runs">
        <bdi className="wrap-anywhere">
          <b>{state.name}</b>
        </bdi>
        <span className="secondary">{STATUS_LABEL[runs?.status ?? 'waiting'].toLowerCase()}</span>
        {operations.length > 1 && (
          <span className="graph-runs">
            <Button iconName="angle-left" variant="icon" ariaLabel="Run before" disabled={at <= 0} onClick={() => go(at - 1)} />
            <span className="figure">{`Run ${at < 0 ? '–' : at + 1} of ${operations.length}`}</span>
            <Button iconName="angle-right" variant="icon" ariaLabel="Run after" disabled={at < 0 || at >= operations.length - 1} onClick={() => go(at + 1)} />
          </span>
        )}
        {operations.length > 0 && at < 0 && (
          <Button variant="inline-link" onClick={() => go(operations.length - 1)}>
            Show its data
          </Button>
        )}
      </div>
      <PayloadViewer title="Definition of the state" variant="h2" text={JSON.stringify(state.source, null, 2)} />
    </section>
  )
}
