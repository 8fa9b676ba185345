/** The form's rules. The API checks again; these exist so that people hear early and in their words. */

import type { NewApplication } from '../api/application'

export interface FormValues {
  name: string
  address: string
  phone: string
  sin: string
  amount: string
}

export type FieldName = keyof FormValues
export type FormErrors = Partial<Record<FieldName, string>>

export const EMPTY_FORM: FormValues = { name: '', address: '', phone: '', sin: '', amount: '' }

/** In the order of the form, so that the first error is the topmost one. */
export const FIELD_NAMES: readonly FieldName[] = ['name', 'address', 'phone', 'sin', 'amount']

/** Characters; source: `functions/loan-api/src/forms.rs`, as for the other limits. */
const NAME_LENGTH_MAX = 100
const ADDRESS_LENGTH_MAX = 300
const PHONE_LENGTH_MAX = 40

/** Dollars. */
const AMOUNT_MAX = 10_000_000

function tooLong(value: string, max: number): string | null {
  return [...value].length > max ? `Use at most ${max} characters.` : null
}

/** Reads `150000`, `150,000`, `$150,000.50`. `null` where it is no amount of dollars and cents. */
export function parseAmount(input: string): number | null {
  const digits = input.trim().replace(/^\$\s*/, '')
  return /^(\d+|\d{1,3}(,\d{3})+)(\.\d{1,2})?$/.test(digits) ? Number(digits.replaceAll(',', '')) : null
}

const RULES: Record<FieldName, (value: string) => string | null> = {
  name: (value) => {
    if (value === '') return 'Enter the full name.'
    return tooLong(value, NAME_LENGTH_MAX)
  },
  address: (value) => {
    if (value === '') return 'Enter the address.'
    return tooLong(value, ADDRESS_LENGTH_MAX)
  },
  phone: (value) => {
    if (value === '') return 'Enter a phone number.'
    const plausible = /^\+?[\d\s().-]+$/.test(value) && value.replace(/\D/g, '').length >= 7
    return plausible ? tooLong(value, PHONE_LENGTH_MAX) : 'Enter a phone number such as 613-555-0142.'
  },
  sin: (value) => {
    if (value === '') return 'Enter the last four digits of the SIN.'
    return /^\d{4}$/.test(value) ? null : 'Enter exactly four digits.'
  },
  amount: (value) => {
    if (value === '') return 'Enter the amount.'
    const amount = parseAmount(value)
    if (amount === null) return 'Enter dollars and cents, such as 25,000 or 1250.50.'
    if (amount <= 0) return 'Enter an amount above $0.'
    return amount > AMOUNT_MAX ? 'Enter at most $10,000,000.' : null
  },
}

/** What is wrong with one field, or `null`. */
export function validateField(name: FieldName, value: string): string | null {
  return RULES[name](value.trim())
}

/** The application to send, or what to correct first. */
export function validate(values: FormValues): { application: NewApplication } | { errors: FormErrors } {
  const errors: FormErrors = {}
  for (const name of FIELD_NAMES) {
    const error = validateField(name, values[name])
    if (error !== null) errors[name] = error
  }
  const loanAmount = parseAmount(values.amount)
  if (Object.keys(errors).length > 0 || loanAmount === null) return { errors }
  const { name, address, phone, sin } = values
  return { application: { name: name.trim(), address: address.trim(), phone: phone.trim(), sin: sin.trim(), loanAmount } }
}
