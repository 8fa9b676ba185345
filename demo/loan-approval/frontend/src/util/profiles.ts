/** The three applicants whose outcome the workflow fixes by SIN; source: the demo's README. */

import type { FormValues } from './validation'

export interface Profile {
  outcome: string
  /** Dollars. */
  amount: number
  values: FormValues
}

function profile(outcome: string, amount: number, person: Omit<FormValues, 'amount'>): Profile {
  return { outcome, amount, values: { ...person, amount: amount.toLocaleString('en-CA') } }
}

export const PROFILES: readonly Profile[] = [
  profile('Always approved (manager decides)', 150_000, {
    name: 'Alice Johnson',
    address: '12 Maple Lane, Ottawa, ON K1P 5M7',
    phone: '613-555-0142',
    sin: '1111',
  }),
  profile('Always denied', 50_000, {
    name: 'Bob Martinez',
    address: '480 Harbour Street, Halifax, NS B3J 1S9',
    phone: '902-555-0178',
    sin: '2222',
  }),
  profile('Approved up to $25,000', 25_000, {
    name: 'Charlie Wilson',
    address: '7 Cedar Crescent, Victoria, BC V8W 2C4',
    phone: '250-555-0113',
    sin: '3333',
  }),
]
