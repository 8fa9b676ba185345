import { useQuery } from '@tanstack/react-query'
import { type Offered, sessionQuery } from './session'

/** Tells whether something is to be offered. The server decides about each request by itself; where nobody has to sign in, everything is. */
export function useMay(): (action: Offered) => boolean {
  const { data } = useQuery(sessionQuery)
  const may = data?.may
  return (action) => may === undefined || may[action] !== false
}
