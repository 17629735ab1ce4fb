/** Ranges that do not overlap, in order, so that the one with an address is found by halving. */
import { compareIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { rangeContains, rangesOverlap } from '../net/range.ts'
import type { Range } from '../net/range.ts'

/** By family, then first address. */
export const compareRanges = (a: Range, b: Range): number => compareIp(start(a), start(b))

/** Index of the range with the address, or -1. `sorted`: by `compareRanges`, none overlapping. */
export function indexOfRange(sorted: readonly Range[], ip: Ip): number {
  let low = 0
  let high = sorted.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const range = sorted[middle]
    if (!range) return -1
    if (rangeContains(range, ip)) return middle
    if (compareIp(ip, start(range)) < 0) high = middle - 1
    else low = middle + 1
  }
  return -1
}

/** What `wanted` covers of `within`: sorted, each address once. */
export function overlaps(wanted: readonly Range[], within: Range): readonly Range[] {
  const result: Range[] = []
  for (const range of wanted.filter((it) => rangesOverlap(it, within)).sort(compareRanges)) {
    const first = range.first > within.first ? range.first : within.first
    const last = range.last < within.last ? range.last : within.last
    const before = result.at(-1)
    if (!before || first > before.last) result.push({ family: within.family, first, last })
    else if (last > before.last) result.splice(-1, 1, { ...before, last })
  }
  return result
}

const start = ({ family, first }: Range): Ip => ({ family, value: first })
