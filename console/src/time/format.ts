/** Durations, instants and sizes as people read them. */

import type { TimeMode } from '../preferences/time-mode'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * `0 ms`, `840 ms`, `3.2 s`, `59.9 s`, `2 min 5 s`, `3 h 20 min`, `12 d 4 h`: rounded to the nearest, and what would
 * come to 60 seconds is a minute. The command line says the same (`crates/cli/src/duration_text.rs`): both are held to
 * one table, `durations.json`.
 */
export function formatDuration(millis: number): string {
  const value = Math.max(0, Math.round(millis))
  if (value < SECOND) return `${value} ms`
  const tenths = Math.round(value / 100)
  if (tenths < 600) return `${tenths / 10} s`
  const seconds = Math.round(value / SECOND)
  if (seconds < 3_600) return two(seconds, 60, 'min', 's')
  const minutes = Math.round(value / MINUTE)
  if (minutes < 1_440) return two(minutes, 60, 'h', 'min')
  return two(Math.round(value / HOUR), 24, 'd', 'h')
}

/** What a clock shows that runs: whole seconds, whose neighbours do not move between them. */
export function formatRunning(millis: number): string {
  const seconds = Math.round(Math.max(0, millis) / SECOND)
  return seconds === 0 ? '0 s' : formatDuration(seconds * SECOND)
}

/** A duration that somebody chose, with nothing rounded: `90 s` as `1 min 30 s`, `1 d 1 h 1 min 1 s`. */
export function formatSetting(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`)
  return said.length === 0 ? '0 s' : said.join(' ')
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

function two(count: number, size: number, largeName: string, smallName: string): string {
  const [first, second] = [Math.floor(count / size), count % size]
  return second === 0 ? `${first} ${largeName}` : `${first} ${largeName} ${second} ${smallName}`
}

/** `just now`, `12 s ago`, `in 3 min`. */
export function formatRelative(at: number, now: number): string {
  const apart = now - at
  if (apart > -SECOND && apart < SECOND) return apart > 0 ? 'just now' : 'in 1 s'
  return apart > 0 ? `${formatDuration(coarse(apart))} ago` : `in ${formatDuration(coarse(-apart))}`
}

/** Seconds do not matter an hour later, nor tenths at all. */
function coarse(apart: number): number {
  const unit = apart < HOUR ? SECOND : apart < DAY ? MINUTE : HOUR
  return Math.round(apart / unit) * unit
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

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** The same in less room: `09:00:12` of today, `25 Nov, 09:00` of this year, else the day. */
export function formatShortInstant(at: number, mode: TimeMode, now: number): string {
  if (mode === 'relative') return formatRelative(at, now)
  const [format, end] = mode === 'utc' ? [UTC, 'Z'] : [LOCAL, '']
  const [text, today] = [format.format(at), format.format(now)]
  if (text.slice(0, 10) === today.slice(0, 10)) return `${text.slice(11)}${end}`
  if (text.slice(0, 4) !== today.slice(0, 4)) return text.slice(0, 10)
  return `${Number(text.slice(8, 10))} ${MONTHS[Number(text.slice(5, 7)) - 1]}, ${text.slice(11, 16)}${end}`
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
