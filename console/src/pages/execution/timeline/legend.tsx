const ENTRIES = [
  ['legend-replayed', 'Replayed'],
  ['legend-live', 'Live'],
  ['bar bar-work bar-succeeded', 'Ran'],
  ['bar bar-work bar-started', 'Running'],
  ['bar bar-wait bar-started', 'Waiting'],
  ['bar bar-pause', 'Between attempts'],
  ['bar bar-cut', 'Cut off, runs again'],
  ['bar bar-work bar-failed', 'Failed'],
] as const

/** What the shapes mean. */
export function Legend() {
  return (
    <ul className="legend" aria-label="Legend">
      {ENTRIES.map(([look, label]) => (
        <li key={label}>
          <span className={`legend-shape ${look}`} aria-hidden="true" />
          {label}
        </li>
      ))}
    </ul>
  )
}
