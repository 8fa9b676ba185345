/** The server's clock, where it can be wound: what it shows, what it is at, and moving it. */

import type { TopNavigationProps } from '@cloudscape-design/components/top-navigation'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { clockQuery, moveClock } from '../api/console'
import type { Clock, MoveClock } from '../api/types'
import { useMay } from '../api/use-may'
import type { TimeMode } from '../preferences/time-mode'
import { setAhead } from '../time/ahead'
import { formatDuration, formatInstant } from '../time/format'
import { notify } from './notifications'

/** Ways to move time, by the ids of the menu. */
const MOVES: Record<string, { text: string; how: MoveClock }> = {
  next: { text: 'To what comes next', how: { next: true } },
  hour: { text: 'One hour on', how: { advance: '1h' } },
  day: { text: 'One day on', how: { advance: '1d' } },
  month: { text: '30 days on', how: { advance: '30d' } },
  hold: { text: 'Hold it', how: { hold: true } },
  release: { text: 'Let it move by itself', how: { hold: false } },
}

/** The menu in the top bar; none for a clock that is the machine's. */
export function useClockMenu(mode: TimeMode): TopNavigationProps.Utility[] {
  const cache = useQueryClient()
  const { data: clock } = useQuery(clockQuery())
  const mayMove = useMay()('lambdura:MoveClock')
  const { mutate, isPending } = useMutation({
    mutationFn: moveClock,
    onSuccess: (moved) => {
      cache.setQueryData(clockQuery().queryKey, moved)
      void cache.invalidateQueries()
    },
    onError: (error) => notify('warning', error.message),
  })
  const ahead = clock === undefined || isMachines(clock) ? 0 : clock.ahead_ms
  useEffect(() => setAhead(ahead), [ahead])
  if (clock === undefined || isMachines(clock)) return []
  const shown = formatInstant(clock.now_at, mode === 'relative' ? 'local' : mode, clock.real_now_at)
  return [
    {
      type: 'menu-dropdown',
      text: isPending ? 'Moving time…' : shown,
      title: standing(clock),
      ariaLabel: `Clock: ${shown}; ${standing(clock)}`,
      iconName: 'status-in-progress',
      items: clock.mode === 'real' || isPending || !mayMove ? [] : movesOf(clock).map((id) => ({ id, text: MOVES[id]?.text ?? id })),
      onItemClick: ({ detail }) => {
        const move = MOVES[detail.id]
        if (move !== undefined) mutate(move.how)
      },
    },
  ]
}

/** Whether it is as it is everywhere, and was never wound. */
const isMachines = (clock: Clock): boolean => clock.mode === 'real' && clock.ahead_ms === 0

function movesOf(clock: Clock): string[] {
  const moves = ['next', 'hour', 'day', 'month']
  return clock.mode === 'auto' ? [...moves, clock.is_held ? 'release' : 'hold'] : moves
}

/** What the clock is at, in a line. */
export function standing(clock: Clock): string {
  const ahead = clock.ahead_ms < 0 ? `${formatDuration(-clock.ahead_ms)} behind the machine` : `${formatDuration(clock.ahead_ms)} ahead of the machine`
  return `${clock.mode}, ${ahead}: ${doing(clock)}`
}

function doing(clock: Clock): string {
  switch (clock.state) {
    case 'works':
      return clock.busy_functions.length === 0 ? 'something is at work' : `${clock.busy_functions.join(', ')} at work`
    case 'nothing_due':
      return 'nothing waits for any time'
    case 'waits_for_answers':
      return `it waits for ${clock.unanswered[0]?.name ?? 'a callback'} to be answered`
    case 'stands':
      return clock.is_held ? 'it is held' : 'it moves only on command'
    default:
      return 'nobody moves it'
  }
}
