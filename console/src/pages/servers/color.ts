/** Colours of servers: as many as can be told apart; beyond that they come again. */

import type { ServerShown } from '../../api/types'

/** As many as `servers.css` has. */
export const COLORS = 8

/** A server keeps its colour while others come and go: it follows from its id, unless one that started before has it. */
export function colorOf(servers: readonly Pick<ServerShown, 'id'>[], place: number): number {
  const taken: number[] = []
  for (const { id } of servers.slice(0, place + 1)) {
    let color = Number.parseInt(id.slice(-4), 16) % COLORS
    for (let tries = 0; taken.length < COLORS && taken.includes(color) && tries < COLORS; tries += 1) color = (color + 1) % COLORS
    taken.push(color)
  }
  return taken.at(-1) ?? 0
}
