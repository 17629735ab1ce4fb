/** Which addresses of a pool may be given out, and how many those are. */
import type { Pool } from '../config/model.ts'
import type { Ip } from '../net/ip.ts'
import { rangeSize } from '../net/range.ts'
import type { Range } from '../net/range.ts'

type Avoiding = Pick<Pool, 'avoidBuggyIPs'>

/** False for IPv4 addresses that end in .0 or .255 where the pool avoids those. */
export function isUsable({ avoidBuggyIPs }: Avoiding, ip: Ip): boolean {
  if (!avoidBuggyIPs || ip.family === 6) return true
  const last = ip.value & 0xffn
  return last !== 0n && last !== 0xffn
}

/** How many addresses of the range the pool can give out. */
export function usableCount({ avoidBuggyIPs }: Avoiding, range: Range): bigint {
  if (!avoidBuggyIPs || range.family === 6) return rangeSize(range)
  return rangeSize(range) - multiples(range, 0n) - multiples(range, 0xffn)
}

/** How many values of the range leave `rest` when divided by 256. */
function multiples({ first, last }: Range, rest: bigint): bigint {
  const upTo = (value: bigint) => (value < rest ? 0n : (value - rest) / 256n + 1n)
  return upTo(last) - upTo(first - 1n)
}
