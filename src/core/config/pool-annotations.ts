/**
 * What an IPAddressPool says beyond MetalLB, by annotation; all of it is off unless it is said. A
 * value that can not be read is told, and never makes the configuration invalid.
 */
import { parseGoDuration } from '../go-duration.ts'
import { formatIp, parseIp } from '../net/ip.ts'
import { parseRange, rangeContains } from '../net/range.ts'
import type { ParsedRange, Range } from '../net/range.ts'
import type { Problem } from './model.ts'
import { Problems } from './problems.ts'
import type { Labels } from './selector.ts'

const PREFIX = 'bellwether.io/'
/** Addresses and ranges of the pool that are given only to Services that ask for them. */
export const RESERVED_ADDRESSES = `${PREFIX}reserved-addresses`
/** How long an address is kept for its Service's name after the Service was deleted. */
export const KEEP_ADDRESSES = `${PREFIX}keep-addresses`
/** At which percentages of use to warn. */
export const WARN_AT_USAGE = `${PREFIX}warn-at-usage`
/** `true`: the pool's status says which Service holds which address. */
export const LIST_HOLDERS = `${PREFIX}list-holders`

const KNOWN = [RESERVED_ADDRESSES, KEEP_ADDRESSES, WARN_AT_USAGE, LIST_HOLDERS]
const USUAL_STEPS = [75, 90, 100]
/** 30 days. */
const LONGEST_KEEP_MS = 720 * 3_600_000

export interface PoolOptions {
  readonly reserved: readonly Range[]
  /** Absent: an address is free as soon as its Service is gone. */
  readonly keepMs: number | undefined
  /** Percentages, ascending; empty: never. */
  readonly warnAt: readonly number[]
  readonly listHolders: boolean
}

export interface ParsedPoolOptions {
  readonly options: PoolOptions
  /** What could not be read. What could be read of the same annotation counts. */
  readonly problems: readonly Problem[]
}

/** `ranges`: the pool's. */
export function poolOptions(
  name: string,
  annotations: Labels,
  ranges: readonly Range[],
): ParsedPoolOptions {
  const all: Problem[] = []
  const problems = new Problems(`IPAddressPool/${name}`, all)
  const tell = (key: string) => (message: string) =>
    problems.add(`metadata.annotations["${key}"]`, message)
  const value = (key: string) => annotations[key]?.trim() ?? ''
  for (const key of Object.keys(annotations)) {
    if (!key.startsWith(PREFIX) || KNOWN.includes(key)) continue
    tell(key)(`unknown annotation; of ${PREFIX} there are ${KNOWN.join(', ')}`)
  }
  const options = {
    reserved: reservedOf(value(RESERVED_ADDRESSES), ranges, tell(RESERVED_ADDRESSES)),
    keepMs: keepOf(value(KEEP_ADDRESSES), tell(KEEP_ADDRESSES)),
    warnAt: stepsOf(value(WARN_AT_USAGE), tell(WARN_AT_USAGE)),
    listHolders: switchOf(value(LIST_HOLDERS), tell(LIST_HOLDERS)),
  }
  return { options, problems: all }
}

type Tell = (message: string) => void

const entriesOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')

function reservedOf(text: string, ranges: readonly Range[], tell: Tell): readonly Range[] {
  return entriesOf(text).flatMap((entry) => {
    const range = addressOrRange(entry)
    if (!range.ok) {
      tell(
        `expected addresses, CIDRs or ranges separated by commas, got "${entry}": ${range.problem}`,
      )
      return []
    }
    const { family, first, last } = range.value
    const isOfThePool = [first, last].every((value) =>
      ranges.some((it) => rangeContains(it, { family, value })),
    )
    if (!isOfThePool) tell(`"${entry}" is not all in the pool's addresses`)
    return [range.value]
  })
}

function addressOrRange(text: string): ParsedRange {
  const ip = parseIp(text)
  return parseRange(ip ? `${formatIp(ip)}-${formatIp(ip)}` : text)
}

function keepOf(text: string, tell: Tell): number | undefined {
  if (text === '') return undefined
  const ms = parseGoDuration(text)
  if (ms !== undefined && ms > 0 && ms <= LONGEST_KEEP_MS) return ms
  tell(`expected a duration like "1h30m", more than 0 and at most 720h, got "${text}"`)
  return undefined
}

function stepsOf(text: string, tell: Tell): readonly number[] {
  if (text === 'true') return USUAL_STEPS
  if (text === 'false') return []
  const steps = entriesOf(text).flatMap((entry) => {
    const step = /^(\d{1,3}) ?%?$/.exec(entry)?.[1]
    if (step !== undefined && Number(step) >= 1 && Number(step) <= 100) return [Number(step)]
    tell(`expected "true", or percentages from 1 to 100 like "75,90,100", got "${entry}"`)
    return []
  })
  return [...new Set(steps)].sort((a, b) => a - b)
}

function switchOf(text: string, tell: Tell): boolean {
  if (text !== '' && text !== 'true' && text !== 'false') {
    tell(`expected "true" or "false", got "${text}"`)
  }
  return text === 'true'
}
