/** A run of addresses of one family, first to last, both included. Prefixes are ranges too. */
import { BITS, compareIp, formatIp, parseIp } from './ip.ts'
import type { Family, Ip } from './ip.ts'

export interface Range {
  readonly family: Family
  readonly first: bigint
  readonly last: bigint
}

export type ParsedRange =
  { readonly ok: true; readonly value: Range } | { readonly ok: false; readonly problem: string }

const bad = (problem: string): ParsedRange => ({ ok: false, problem })

/**
 * Parses a pool's `addresses` entry: `a.b.c.d/n` or `first-last`, spaces around the `-` tolerated.
 * Problems are worded as MetalLB words them (internal/config/config.go, ParseCIDR).
 */
export function parseRange(text: string): ParsedRange {
  if (!text.includes('-')) return parsePrefix(text)
  const parts = text.split('-')
  if (parts.length !== 2) return bad(`invalid IP range "${text}"`)
  const [start = '', end = ''] = parts.map((part) => part.trim())
  const first = parseIp(start)
  if (!first) return bad(`invalid IP range "${text}": invalid start IP "${start}"`)
  const last = parseIp(end)
  if (!last) return bad(`invalid IP range "${text}": invalid end IP "${end}"`)
  if (first.family !== last.family) {
    return bad(
      `invalid IP range "${text}": start IP "${start}" and end IP "${end}" differ in family`,
    )
  }
  if (compareIp(first, last) > 0) {
    return bad(`invalid IP range "${text}": start IP "${start}" is after the end IP "${end}"`)
  }
  return { ok: true, value: { family: first.family, first: first.value, last: last.value } }
}

function parsePrefix(text: string): ParsedRange {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text.trim())
  const base = match && parseIp(match[1] ?? '')
  const length = Number(match?.[2])
  if (!base || length > BITS[base.family]) return bad(`invalid CIDR "${text}"`)
  const hostBits = BigInt(BITS[base.family] - length)
  const first = (base.value >> hostBits) << hostBits
  return { ok: true, value: { family: base.family, first, last: first + (1n << hostBits) - 1n } }
}

export const rangeContains = (range: Range, ip: Ip): boolean =>
  ip.family === range.family && ip.value >= range.first && ip.value <= range.last

export const rangesOverlap = (a: Range, b: Range): boolean =>
  a.family === b.family && a.first <= b.last && b.first <= a.last

/** How many addresses the range holds. */
export const rangeSize = (range: Range): bigint => range.last - range.first + 1n

export const formatRange = (range: Range): string =>
  `${formatIp({ family: range.family, value: range.first })}-${formatIp({ family: range.family, value: range.last })}`
