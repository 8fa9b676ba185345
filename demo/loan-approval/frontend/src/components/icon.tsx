export type IconName = 'check' | 'cross' | 'pause' | 'dash' | 'sun' | 'moon' | 'copy' | 'replay' | 'arrow' | 'warning' | 'dot'

const PATHS: Record<IconName, string> = {
  check: 'M5 12.5l4.5 4.500L19 7.5',
  cross: 'M7 7l10 10M17 7L7 17',
  pause: 'M9 7v10M15 7v10',
  dash: 'M7.500 12h9',
  sun: 'M12 4V2.500M12 21.500V20M4 12H2.500M21.500 12H20M6.300 6.300L5.200 5.200M18.800 18.800l-1.100-1.100M6.300 17.700l-1.100 1.100M18.800 5.200l-1.100 1.100M12 8a4 4 0 100 8 4 4 0 000-8z',
  moon: 'M20 14.500A8.200 8.200 0 119.500 4a6.600 6.600 0 0010.500 10.500z',
  copy: 'M9 9h10v10H9zM5 15V5h10',
  replay: 'M5 12a7 7 0 107-7H7.500M10.500 2L7.500 5l3 3',
  arrow: 'M5 12h13M13 7l5 5-5 5',
  warning: 'M12 8.500v4.500M12 16.500v.01M12 3.500L2.800 19.500h18.400z',
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
