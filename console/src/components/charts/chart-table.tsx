import Box from '@cloudscape-design/components/box'
import { useTimeMode } from '../../preferences/time-mode'
import { clockMinute, type Series } from './series'

interface Props {
  title: string
  series: readonly Series[]
  format: (value: number) => string
}

/** What a chart shows, as a table, newest first: for those who cannot see lines, and for exact figures. */
export function ChartTable({ title, series, format }: Props) {
  const [timeMode] = useTimeMode()
  const instants = series[0]?.points.map(({ at }) => at) ?? []
  const read = (value: number | null | undefined) => (value === null || value === undefined ? '–' : format(value))
  return (
    <div className="time-chart">
      <Box variant="h4" tagOverride="h3" padding={{ bottom: 'xxs' }}>
        {title}
      </Box>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by the keyboard */}
      <div className="chart-table" role="region" aria-label={title} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Minute</th>
              {series.map(({ label }) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {instants
              .map((at, index) => (
                <tr key={at}>
                  <th scope="row">{clockMinute(at, timeMode === 'utc')}</th>
                  {series.map(({ label, points }) => (
                    <td key={label}>{read(points[index]?.value)}</td>
                  ))}
                </tr>
              ))
              .toReversed()}
          </tbody>
        </table>
      </div>
    </div>
  )
}
