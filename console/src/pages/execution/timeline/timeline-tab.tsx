import '../../../styles/timeline.css'
import Button from '@cloudscape-design/components/button'
import Toggle from '@cloudscape-design/components/toggle'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useEffect, useEffectEvent, useMemo, useRef, useState } from 'react'
import { EmptyState } from '../../../components/empty-state'
import { useNarrow } from '../../../layout/narrow'
import { useFrame } from '../../../time/frame'
import { makeAxis, type View, zoom } from '../model/axis'
import { activeInvocation } from '../model/invocations'
import type { Execution } from '../model/use-execution'
import type { Selection } from '../model/selection'
import { AxisMarks } from './axis-marks'
import { InvocationLane } from './invocation-lane'
import { InvocationStory } from './invocation-story'
import { Legend } from './legend'
import { runsOf } from './look'
import { OperationRow } from './operation-row'
import { parents, visibleRows } from './rows'

/** Pixels. */
const ROW = { wide: 30, narrow: 50 }

interface Props {
  execution: Execution
  selection: Selection
}

/** What happened when: invocations on top, operations below, on one axis. */
export function TimelineTab({ execution, selection }: Props) {
  const { history, detail } = execution
  const isNarrow = useNarrow()
  const isOpen = detail.ended_at === null || detail.ended_at === undefined
  const now = useFrame(isOpen) + execution.clockAhead
  const [compresses, compress] = useState(true)
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set())
  const [chosenView, setView] = useState<View | null>(null)
  const scroller = useRef<HTMLDivElement>(null)

  const start = history.startedAt ?? detail.started_at
  const end = Math.max(history.endedAt ?? detail.ended_at ?? now, start)
  const active = detail.invocation ? activeInvocation(history, detail.invocation, end) : null
  const invocations = active === null ? history.invocations : [...history.invocations, active]
  const axis = useMemo(() => {
    const instants: number[] = []
    for (const { startedAt, endedAt, attempts } of history.operations.values()) {
      instants.push(startedAt, endedAt ?? end)
      for (const attempt of attempts) for (const { from, to } of runsOf(attempt, active?.startedAt ?? null, end)) instants.push(from, to)
    }
    const busy = invocations.map(({ startedAt, endedAt }) => ({ from: startedAt, to: endedAt ?? end }))
    return makeAxis(start, end, instants, busy, compresses)
    // oxlint-disable-next-line react/exhaustive-deps -- `history` is new whenever what it holds has changed
  }, [history, start, end, compresses, invocations.length])
  const view = chosenView === null ? { from: 0, to: axis.length } : { from: Math.min(chosenView.from, axis.length), to: Math.min(chosenView.to, axis.length) }

  // oxlint-disable-next-line react/exhaustive-deps -- as above
  const rows = useMemo(() => visibleRows(history, closed), [history, closed])
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => (isNarrow ? ROW.narrow : ROW.wide), overscan: 12 })
  const selected = rows.findIndex(({ operation }) => operation.id === selection.operation)

  const toggle = (id: string) =>
    setClosed((old) => {
      const next = new Set(old)
      if (!next.delete(id)) next.add(id)
      return next
    })
  const zoomBy = (factor: number, around = (view.from + view.to) / 2) => setView(zoom(view, factor, around, axis.length))
  const pan = (share: number) => {
    const by = (view.to - view.from) * share
    const from = Math.min(Math.max(0, view.from + by), axis.length - (view.to - view.from))
    setView({ from, to: from + view.to - view.from })
  }
  const grid = useRef<HTMLDivElement>(null)
  const onWheel = useEffectEvent((event: WheelEvent) => {
    if (!event.ctrlKey) return
    event.preventDefault()
    const box = grid.current?.querySelector('.lane')?.getBoundingClientRect()
    if (box === undefined) return
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width))
    zoomBy(event.deltaY > 0 ? 1.25 : 0.8, view.from + (view.to - view.from) * share)
  })
  // React's own listener is passive: it could not keep the browser from zooming the page as well.
  useEffect(() => {
    const element = grid.current
    if (element === null) return
    const listen = (event: WheelEvent) => onWheel(event)
    element.addEventListener('wheel', listen, { passive: false })
    return () => element.removeEventListener('wheel', listen)
  }, [])
  const move = (to: number) => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, to))]
    if (row === undefined) return
    selection.select({ operation: row.operation.id })
    virtual.scrollToIndex(Math.min(rows.length - 1, Math.max(0, to)))
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[selected]
    const act: Record<string, () => void> = {
      ArrowDown: () => move(selected + 1),
      ArrowUp: () => move(selected < 0 ? 0 : selected - 1),
      Home: () => move(0),
      End: () => move(rows.length - 1),
      ArrowRight: () => {
        if (row === undefined || row.operation.children.length === 0) return
        if (row.isOpen) move(selected + 1)
        else toggle(row.operation.id)
      },
      ArrowLeft: () => {
        if (row === undefined) return
        if (row.isOpen) toggle(row.operation.id)
        else if (row.operation.parentId !== null) move(rows.findIndex(({ operation }) => operation.id === row.operation.parentId))
      },
      '+': () => zoomBy(0.6),
      '-': () => zoomBy(1 / 0.6),
      '0': () => setView(null),
    }
    const run = act[event.key]
    if (run === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    run()
  }

  const shared = { axis, view, start, now: end, activeSince: active?.startedAt ?? null }
  return (
    <div className="timeline">
      <div className="timeline-tools">
        <Button iconName="zoom-in" variant="icon" ariaLabel="Zoom in" onClick={() => zoomBy(0.6)} />
        <Button iconName="zoom-out" variant="icon" ariaLabel="Zoom out" onClick={() => zoomBy(1 / 0.6)} />
        <Button iconName="zoom-to-fit" variant="icon" ariaLabel="Fit everything" onClick={() => setView(null)} />
        <Button iconName="angle-left" variant="icon" ariaLabel="Earlier" disabled={view.from <= 0} onClick={() => pan(-0.5)} />
        <Button iconName="angle-right" variant="icon" ariaLabel="Later" disabled={view.to >= axis.length} onClick={() => pan(0.5)} />
        <Button variant="inline-link" onClick={() => setClosed(new Set())}>
          Expand all
        </Button>
        <Button variant="inline-link" onClick={() => setClosed(new Set(parents(history)))}>
          Collapse all
        </Button>
        <Toggle checked={compresses} onChange={({ detail: { checked } }) => compress(checked)}>
          Shorten waits
        </Toggle>
      </div>
      <InvocationStory invocations={invocations} chosen={selection.invocation} onChoose={(number) => selection.select({ invocation: number })} now={end} />
      <div className="timeline-grid" ref={grid}>
        <div className="timeline-head">
          <span className="timeline-name">Invocations</span>
          <InvocationLane {...shared} invocations={invocations} pauses={history.pauses} chosen={selection.invocation} onChoose={(number) => selection.select({ invocation: number })} />
          <span className="timeline-name timeline-name-quiet">Operations ({history.operations.size.toLocaleString('en')})</span>
          <AxisMarks {...shared} />
        </div>
        <div
          className="timeline-rows"
          ref={scroller}
          role="treegrid"
          aria-label="Operations"
          aria-rowcount={rows.length}
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a tree grid takes the focus and moves through its rows
          tabIndex={0}
          {...(selected >= 0 ? { 'aria-activedescendant': `row-${selected}` } : {})}
          onKeyDown={onKeyDown}
        >
          <div style={{ blockSize: virtual.getTotalSize(), position: 'relative' }} role="rowgroup">
            {virtual.getVirtualItems().map(({ index, start: top, size }) => {
              const row = rows[index]
              return (
                row !== undefined && (
                  <OperationRow
                    key={row.operation.id}
                    {...shared}
                    row={row}
                    index={index}
                    top={top}
                    height={size}
                    isSelected={index === selected}
                    onSelect={() => selection.select({ operation: row.operation.id === selection.operation ? null : row.operation.id })}
                    onToggle={() => toggle(row.operation.id)}
                  />
                )
              )
            })}
          </div>
          {rows.length === 0 && <EmptyState title={isOpen ? 'Nothing recorded yet' : 'No operations'}>{isOpen ? 'Steps, waits and callbacks appear here live.' : 'The function ended without a step, a wait or a callback.'}</EmptyState>}
        </div>
      </div>
      <Legend />
    </div>
  )
}
