import { expect, it } from 'vitest'
import { PROFILES } from './profiles'
import { type FieldName, parseAmount, validate, validateField } from './validation'

it.each<[string, number | null]>([
  ['150000', 150_000],
  ['150,000', 150_000],
  ['$ 150,000.50', 150_000.5],
  [' 25000 ', 25_000],
  ['0.01', 0.01],
  ['15,00', null],
  ['1.005', null],
  ['1e5', null],
  ['-5', null],
  ['', null],
  ['twelve', null],
])('reads the amount %j as %j', (input, amount) => {
  expect(parseAmount(input)).toBe(amount)
})

it.each<[FieldName, string, string | null]>([
  ['name', '', 'Enter the full name.'],
  ['name', '   ', 'Enter the full name.'],
  ['name', 'x'.repeat(101), 'Use at most 100 characters.'],
  ['name', '𝒵'.repeat(100), null],
  ['address', 'x'.repeat(301), 'Use at most 300 characters.'],
  ['phone', '1'.repeat(41), 'Use at most 40 characters.'],
  ['name', 'Zoë O’Neil', null],
  ['address', '', 'Enter the address.'],
  ['phone', '', 'Enter a phone number.'],
  ['phone', 'call me', 'Enter a phone number such as 613-555-0142.'],
  ['phone', '555', 'Enter a phone number such as 613-555-0142.'],
  ['phone', '+1 (613) 555-0142', null],
  ['sin', '', 'Enter the last four digits of the SIN.'],
  ['sin', '111', 'Enter exactly four digits.'],
  ['sin', '11111', 'Enter exactly four digits.'],
  ['sin', '11a1', 'Enter exactly four digits.'],
  ['sin', '0042', null],
  ['amount', '', 'Enter the amount.'],
  ['amount', '0', 'Enter an amount above $0.'],
  ['amount', '0.00', 'Enter an amount above $0.'],
  ['amount', '-1', 'Enter dollars and cents, such as 25,000 or 1250.50.'],
  ['amount', '10000000.01', 'Enter at most $10,000,000.'],
  ['amount', '10,000,000', null],
  ['amount', '25,001', null],
])('%s %j: %j', (field, value, message) => {
  expect(validateField(field, value)).toBe(message)
})

it('sends the three profiles as they are', () => {
  const sent = PROFILES.map((profile) => validate(profile.values))
  expect(sent).toMatchObject([
    { application: { name: 'Alice Johnson', sin: '1111', loanAmount: 150_000 } },
    { application: { name: 'Bob Martinez', sin: '2222', loanAmount: 50_000 } },
    { application: { name: 'Charlie Wilson', sin: '3333', loanAmount: 25_000 } },
  ])
})

it('names every wrong field at once', () => {
  expect(validate({ name: '', address: '', phone: '', sin: '', amount: '' })).toEqual({
    errors: {
      name: 'Enter the full name.',
      address: 'Enter the address.',
      phone: 'Enter a phone number.',
      sin: 'Enter the last four digits of the SIN.',
      amount: 'Enter the amount.',
    },
  })
})

it('trims what people paste', () => {
  expect(validate({ name: ' A ', address: ' B ', phone: ' 613-555-0142 ', sin: ' 1234 ', amount: ' 5 ' })).toEqual({
    application: { name: 'A', address: 'B', phone: '613-555-0142', sin: '1234', loanAmount: 5 },
  })
})
