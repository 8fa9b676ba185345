/** Durations, instants and sizes as people read them. */

import type { TimeMode } from '../preferences/time-mode'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `0 ms`, `840 ms`, `3.2 s`, `2 min 5 s`, `3 h 20 min`, `12 d 4 h`. */
export function formatDuration(millis: number): string {
  const value = Math.max(0, millis)
  if (value < SECOND) return `${Math.round(value)} ms`
  if (value < 10 * SECOND) return `${(Math.floor(value / 100) / 10).toFixed(1)} s`
  if (value < MINUTE) return `${Math.floor(value / SECOND)} s`
  if (value < HOUR) return two(value, MINUTE, 'min', SECOND, 's')
  if (value < DAY) return two(value, HOUR, 'h', MINUTE, 'min')
  return two(value, DAY, 'd', HOUR, 'h')
}

/** How far in: `0`, `+250 ms`, `+2.5 s`, `+1:30`, `+1:00:00.4`, `+2 d 03:00:00`, as exact as marks that are `step` apart need it. */
export function formatOffset(millis: number, step: number): string {
  if (millis === 0) return '0'
  if (millis < SECOND && step < SECOND) return `+${millis} ms`
  const decimals = step % SECOND === 0 ? 0 : step % 100 === 0 ? 1 : step % 10 === 0 ? 2 : 3
  const seconds = ((millis % MINUTE) / SECOND).toFixed(decimals)
  if (millis < MINUTE) return `+${seconds} s`
  const minutes = Math.floor((millis % HOUR) / MINUTE)
  const long = `${String(minutes).padStart(2, '0')}:${seconds.padStart(decimals === 0 ? 2 : decimals + 3, '0')}`
  if (millis < HOUR) return `+${long.replace(/^0/, '')}`
  const hours = Math.floor((millis % DAY) / HOUR)
  if (millis < DAY) return `+${hours}:${long}`
  return `+${Math.floor(millis / DAY)} d ${String(hours).padStart(2, '0')}:${long}`
}

function two(value: number, large: number, largeName: string, small: number, smallName: string): string {
  const first = Math.floor(value / large)
  const second = Math.floor((value % large) / small)
  return second === 0 ? `${first} ${largeName}` : `${first} ${largeName} ${second} ${smallName}`
}

/** `just now`, `12 s ago`, `in 3 min`. */
export function formatRelative(at: number, now: number): string {
  const apart = now - at
  if (Math.abs(apart) < SECOND) return 'just now'
  return apart > 0 ? `${formatDuration(coarse(apart))} ago` : `in ${formatDuration(coarse(-apart))}`
}

/** Seconds do not matter an hour later, nor tenths at all. */
function coarse(apart: number): number {
  const unit = apart < HOUR ? SECOND : apart < DAY ? MINUTE : HOUR
  return Math.floor(apart / unit) * unit
}

const PARTS: Intl.DateTimeFormatOptions = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }
// Sweden writes dates as ISO 8601 does.
const LOCAL = new Intl.DateTimeFormat('sv-SE', PARTS)
const UTC = new Intl.DateTimeFormat('sv-SE', { ...PARTS, timeZone: 'UTC' })

/** `2026-11-25 09:00:12` or, in UTC, with a `Z` at its end. */
export function formatInstant(at: number, mode: TimeMode, now: number): string {
  switch (mode) {
    case 'local':
      return LOCAL.format(at)
    case 'utc':
      return `${UTC.format(at)}Z`
    case 'relative':
      return formatRelative(at, now)
  }
}

/** `09:00:12.345`, with the milliseconds that order events and lines. */
export function formatClock(at: number, mode: TimeMode): string {
  const text = mode === 'utc' ? UTC.format(at) : LOCAL.format(at)
  const millis = String(((at % 1_000) + 1_000) % 1_000 | 0).padStart(3, '0')
  return `${text.slice(11)}.${millis}${mode === 'utc' ? 'Z' : ''}`
}

/** `0 B`, `812 B`, `1.2 KB`, `5.0 MB`, in powers of 1,024. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`
  let value = bytes
  let unit = -1
  while (value >= 1_024 && unit < 3) {
    value /= 1_024
    unit += 1
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${['KB', 'MB', 'GB', 'TB'][unit]}`
}

const NUMBER = new Intl.NumberFormat('en')

/** `1,234,567`. */
export const formatNumber = (value: number): string => NUMBER.format(value)
