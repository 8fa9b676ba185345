export type IconName = 'check' | 'cross' | 'pause' | 'dash' | 'sun' | 'moon' | 'copy' | 'replay' | 'arrow' | 'warning' | 'dot'

const PATHS: Record<IconName, string> = {
  check: 'M5 12.5l4.5 4.5L19 7.5',
  cross: 'M7 7l10 10M17 7L7 17',
  pause: 'M9 7v10M15 7v10',
  dash: 'M7.5 12h9',
  sun: 'M12 4V2.5M12 21.5V20M4 12H2.5M21.5 12H20M6.3 6.3L5.2 5.2M18.8 18.8l-1.1-1.1M6.3 17.7l-1.1 1.1M18.8 5.2l-1.1 1.1M12 8a4 4 0 100 8 4 4 0 000-8z',
  moon: 'M20 14.5A8.2 8.2 0 119.5 4a6.6 6.6 0 0010.5 10.5z',
  copy: 'M9 9h10v10H9zM5 15V5h10',
  replay: 'M5 12a7 7 0 107-7H7.5M10.5 2L7.5 5l3 3',
  arrow: 'M5 12h13M13 7l5 5-5 5',
  warning: 'M12 8.5v4.5M12 16.5v.01M12 3.5L2.8 19.5h18.4z',
  dot: 'M12 12v.01',
}

/** Decoration only: whatever an icon means is also said in words next to it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}
