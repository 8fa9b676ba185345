/** Numbers and times as people read them. */

const DOLLARS = new Intl.NumberFormat('en-CA', { style: 'currency', currency: 'CAD', minimumFractionDigits: 0, maximumFractionDigits: 0 })
const CENTS = new Intl.NumberFormat('en-CA', { style: 'currency', currency: 'CAD' })
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 })

/** `$150,000`, and `$150,000.50` only where there are cents. */
export function money(amount: number): string {
  return Number.isInteger(amount) ? DOLLARS.format(amount) : CENTS.format(amount)
}

/** `$3,005.69`: cents always, for amounts that are paid. */
export function moneyExact(amount: number): string {
  return CENTS.format(amount)
}

/** `7.50%`, from percent. */
export function rate(percent: number): string {
  return `${percent.toFixed(2)}%`
}

function two(part: number): string {
  return String(part).padStart(2, '0')
}

/** `2.1 s`, `1:05 min`, `1:02:03 h`, from milliseconds. */
export function duration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds)
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}:${two(seconds % 60)} min`
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)} h`
}

/** `812 ms`, `2.14 s`: a gap that was measured. */
export function gap(milliseconds: number): string {
  return milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`
}

/** `14:03:27.120` in local time; what the API sent where that is no time. */
export function clock(timestamp: string): string {
  const at = new Date(timestamp)
  return Number.isNaN(at.getTime()) ? timestamp : CLOCK.format(at)
}

const COUNT = new Intl.NumberFormat('en-CA')
const CENT_COUNT = new Intl.NumberFormat('en-CA', { minimumFractionDigits: 2, maximumFractionDigits: 2 })

/** `1,000,000`. */
export function count(number: number): string {
  return COUNT.format(number)
}

/** `812 bytes`, `3.4 KB`. */
export function bytes(number: number): string {
  return number < 1024 ? `${COUNT.format(Math.round(number))} bytes` : `${(number / 1024).toFixed(1)} KB`
}

/** A price in US dollars, with as many digits as it takes to say something: `$0.000112`, `$0.1120`, `$112.00`. */
export function price(dollars: number): string {
  if (dollars === 0) return '$0'
  if (dollars >= 1) return `$${CENT_COUNT.format(dollars)}`
  return `$${dollars.toFixed(dollars >= 0.01 ? 4 : 6)}`
}
