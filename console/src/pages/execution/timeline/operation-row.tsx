import { formatDuration } from '../../../time/format'
import { describe, nameOf, runsText, segments, typeLabel } from './look'
import { type Drawn, placed } from './place'
import type { TreeRow } from './rows'
import { OperationIcon } from './operation-icon'

interface Props extends Drawn {
  row: TreeRow
  index: number
  top: number
  height: number
  isSelected: boolean
  onSelect: () => void
  onToggle: () => void
}

/** An operation: its place in the tree, its name, its bar. */
export function OperationRow({ row, index, top, height, isSelected, onSelect, onToggle, ...drawn }: Props) {
  const { operation, depth, isOpen } = row
  const name = nameOf(operation)
  const runs = runsText(operation.attempts)
  const hasChildren = operation.children.length > 0
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus -- the grid has the focus and the keys
    <div
      id={`row-${index}`}
      role="row"
      className="operation-row"
      aria-level={depth + 1}
      aria-rowindex={index + 1}
      aria-selected={isSelected}
      {...(hasChildren ? { 'aria-expanded': isOpen } : {})}
      style={{ transform: `translateY(${top}px)`, blockSize: height }}
      onClick={onSelect}
    >
      <span role="rowheader" className="timeline-name" style={{ paddingInlineStart: 8 + Math.min(depth, 8) * 16 }} title={`${name}\n${typeLabel(operation)}${runs === '' ? '' : `\n${runs}: its invocation was cut off in the middle`}`} aria-label={describe(operation, drawn.start, drawn.now)}>
        {hasChildren ? (
          <button
            type="button"
            className="tree-toggle"
            tabIndex={-1}
            aria-label={isOpen ? `Collapse ${name}` : `Expand ${name}`}
            onClick={(event) => {
              event.stopPropagation()
              onToggle()
            }}
          >
            {isOpen ? '▾' : '▸'}
          </button>
        ) : (
          <span className="tree-leaf" />
        )}
        <OperationIcon operation={operation} />
        <bdi className="operation-label">{name}</bdi>
        {hasChildren && !isOpen && <span className="secondary"> ({operation.children.length})</span>}
        {runs !== '' && <span className="run-again">{runs}</span>}
      </span>
      <span role="gridcell" className="bars" aria-hidden="true">
        {segments(operation, drawn.now, drawn.activeSince).map(({ from, to, shape, status, label }) => {
          const style = placed(drawn, from, to)
          return style !== null && <span key={`${shape}${from}`} className={`bar bar-${shape} bar-${status.toLowerCase()}`} style={style} title={`${name}\n${label}\n${formatDuration(to - from)}`} />
        })}
      </span>
    </div>
  )
}
