import '../../styles/payload.css'
import Button from '@cloudscape-design/components/button'
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import SegmentedControl from '@cloudscape-design/components/segmented-control'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useMemo, useRef, useState } from 'react'
import { formatBytes } from '../../time/format'
import { unwrap } from './envelope'
import { parseJson, treeLines } from './tree'

interface Props {
  title: string
  /** The payload; null when there is none. */
  text: string | null
  variant?: 'h2' | 'h3'
}

/** Characters of a raw line that are drawn. */
const RAW_LINE = 4_000
/** Characters of a text that are drawn as a tree without being asked for. */
const TREE_MAX = 2_000_000

/** A payload to read: as a tree or as it is, to search, to copy, to save. */
export function PayloadViewer({ title, text, variant = 'h3' }: Props) {
  const recorded = useMemo(() => (text === null || text.length > TREE_MAX ? undefined : parseJson(text)), [text])
  const unwrapped = useMemo(() => unwrap(recorded), [recorded])
  const value = unwrapped === undefined ? recorded : unwrapped.value
  const isTree = unwrapped !== undefined || (typeof value === 'object' && value !== null)
  const [mode, setMode] = useState<'tree' | 'raw'>('tree')
  const [needle, search] = useState('')
  if (text === null) {
    return (
      <section>
        <Header variant={variant}>{title}</Header>
        <p className="secondary">None.</p>
      </section>
    )
  }
  const showsTree = isTree && mode === 'tree'
  // What is copied and saved is what is seen.
  const taken = unwrapped !== undefined && showsTree ? JSON.stringify(value, null, 2) : text
  return (
    <section className="payload">
      <Header
        variant={variant}
        description={`${formatBytes(new Blob([text]).size)}${unwrapped === undefined ? '' : showsTree ? ', without the type tags that the SDK put around it: Raw has them' : ', as the SDK recorded it'}`}
        actions={
          <span className="row-actions">
            {isTree && (
              <SegmentedControl
                selectedId={mode}
                label={`How ${title} is shown`}
                onChange={({ detail }) => setMode(detail.selectedId === 'raw' ? 'raw' : 'tree')}
                options={[
                  { id: 'tree', text: 'Tree' },
                  { id: 'raw', text: 'Raw' },
                ]}
              />
            )}
            <CopyToClipboard variant="icon" textToCopy={taken} copyButtonAriaLabel={`Copy ${title}`} copySuccessText="Copied" copyErrorText="Could not copy" />
            <Button iconName="download" variant="icon" ariaLabel={`Save ${title}`} onClick={() => save(title, taken)} />
          </span>
        }
      >
        {title}
      </Header>
      {text.length > 200 && <Input type="search" value={needle} onChange={({ detail }) => search(detail.value)} placeholder={`Search in ${title.toLowerCase()}`} ariaLabel={`Search in ${title}`} />}
      {showsTree ? <Tree value={value} needle={needle} label={title} /> : <Raw text={isTree && mode === 'raw' ? JSON.stringify(recorded, null, 2) : text} needle={needle} label={title} />}
    </section>
  )
}

function save(title: string, text: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  link.download = `${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.json`
  link.click()
  URL.revokeObjectURL(link.href)
}

const LINE = 20

function Tree({ value, needle, label }: { value: unknown; needle: string; label: string }) {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set())
  const lines = useMemo(() => treeLines(value, toggled), [value, toggled])
  const found = needle === '' ? lines : lines.filter(({ key, text }) => has(text, needle) || (key !== null && has(key, needle)))
  const toggle = (path: string) =>
    setToggled((old) => {
      const next = new Set(old)
      if (!next.delete(path)) next.add(path)
      return next
    })
  return (
    <Lines count={found.length} label={label} needle={needle}>
      {(index) => {
        const line = found[index]
        if (line === undefined) return null
        return (
          <span className="payload-line" style={{ paddingInlineStart: line.depth * 16 }}>
            {line.size > 0 ? (
              <button type="button" className="tree-toggle" aria-expanded={line.isOpen} aria-label={`${line.isOpen ? 'Close' : 'Open'} ${line.key ?? 'the whole'}`} onClick={() => toggle(line.path)}>
                {line.isOpen ? '▾' : '▸'}
              </button>
            ) : (
              <span className="tree-leaf" />
            )}
            {line.key !== null && <span className="payload-key">{line.key}: </span>}
            <span className={`payload-${line.kind}`}>{line.text}</span>
            {line.note !== null && <span className="payload-note"> {line.note}</span>}
          </span>
        )
      }}
    </Lines>
  )
}

function Raw({ text, needle, label }: { text: string; needle: string; label: string }) {
  const lines = useMemo(() => text.split('\n'), [text])
  const found = needle === '' ? lines : lines.filter((line) => has(line, needle))
  return (
    <Lines count={found.length} label={label} needle={needle}>
      {(index) => {
        const line = found[index] ?? ''
        return <span className="payload-line">{line.length > RAW_LINE ? `${line.slice(0, RAW_LINE)}… (${line.length.toLocaleString('en')} characters; save it to see all)` : line}</span>
      }}
    </Lines>
  )
}

const has = (text: string, needle: string): boolean => text.toLowerCase().includes(needle.toLowerCase())

function Lines({ count, label, needle, children }: { count: number; label: string; needle: string; children: (index: number) => React.ReactNode }) {
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({ count, getScrollElement: () => scroller.current, estimateSize: () => LINE, overscan: 20, initialRect: { width: 600, height: 300 } })
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
    <div className="payload-lines" ref={scroller} tabIndex={0} role="region" aria-label={label}>
      {needle !== '' && <p className="secondary" role="status">{`${count} ${count === 1 ? 'line' : 'lines'} with "${needle}"`}</p>}
      <div style={{ blockSize: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map(({ index, start }) => (
          <div key={index} ref={virtual.measureElement} data-index={index} className="payload-row" style={{ transform: `translateY(${start}px)` }}>
            {children(index)}
          </div>
        ))}
      </div>
    </div>
  )
}
