/**
 * `node test/bench/allocator.ts`: what one allocation costs with 100, 10,000 and 100,000 addresses held,
 * beside putting as many entries into a plain Map in the same run.
 */
import type { Pool, Service } from '../../src/core/config/model.ts'
import { parseConfig } from '../../src/core/config/parse-config.ts'
import { Allocator } from '../../src/core/pool/allocator.ts'
import { wishOf } from '../../src/core/pool/wish.ts'
import { service } from '../fakes/services.ts'

export const SIZES = [100, 10_000, 100_000] as const
/** Each size is measured over as many allocations: small ones are repeated. */
const ALLOCATIONS = 200_000

/** Microseconds of CPU each. */
export interface AllocatorFigures {
  readonly size: number
  /** From none held to `size` held. */
  readonly fillUs: number
  /** One given back, anywhere, and one allocated, with `size` held. */
  readonly againUs: number
  /** One entry into a plain Map, from none to `size`. */
  readonly mapUs: number
  /** One entry of a plain Map with `size` deleted, anywhere, and put again. */
  readonly mapAgainUs: number
}

/** A /48 of IPv6 beside a /8 of IPv4: the size of a pool costs nothing. */
const parsed = parseConfig({
  pools: [{ metadata: { name: 'p' }, spec: { addresses: ['10.0.0.0/8', 'fd00::/48'] } }],
  l2Advertisements: [],
})
const pools: ReadonlyMap<string, Pool> = parsed.ok ? parsed.config.pools : new Map()

function allocate(allocator: Allocator, it: Service): void {
  const parsedWish = wishOf(it)
  if (!parsedWish.ok || !allocator.allocate(it, parsedWish.wish, {}).ok)
    throw new Error('no address')
}

function fill(services: readonly Service[]): Allocator {
  const allocator = new Allocator()
  allocator.setPools(pools)
  for (const it of services) allocate(allocator, it)
  return allocator
}

function fillMap(services: readonly Service[]): Map<string, Service> {
  const map = new Map<string, Service>()
  for (const it of services) map.set(it.key, it)
  return map
}

/** Of CPU, its garbage collection included. Best of three: what else runs only makes it slower. */
function usOf(count: number, work: () => unknown): number {
  const times = [1, 2, 3].map(() => {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return user + system
  })
  return Math.min(...times) / count
}

export function allocatorFigures(): readonly AllocatorFigures[] {
  const largest = Array.from({ length: Math.max(...SIZES) }, (_, i) => service(`s${i}`))
  fill(largest) // Warm: the first size is not to pay for the compiler.
  return SIZES.map((size) => {
    const services = largest.slice(0, size)
    const rounds = ALLOCATIONS / size
    const repeat = (work: () => unknown) => () => {
      for (let i = 0; i < rounds; i++) work()
    }
    const allocator = fill(services)
    const anywhere = (work: (it: Service) => void) => () => {
      for (let i = 0, at = 0; i < ALLOCATIONS; i++, at = (at + 7919) % size) {
        const it = services[at]
        if (it) work(it)
      }
    }
    const again = anywhere((it) => {
      allocator.release(it.key)
      allocate(allocator, it)
    })
    const map = fillMap(services)
    const mapAgain = anywhere((it) => {
      map.delete(it.key)
      map.set(it.key, it)
    })
    return {
      size,
      fillUs: usOf(
        ALLOCATIONS,
        repeat(() => fill(services)),
      ),
      againUs: usOf(ALLOCATIONS, again),
      mapUs: usOf(
        ALLOCATIONS,
        repeat(() => fillMap(services)),
      ),
      mapAgainUs: usOf(ALLOCATIONS, mapAgain),
    }
  })
}

if (import.meta.main) {
  for (const { size, fillUs, againUs, mapUs, mapAgainUs } of allocatorFigures()) {
    console.log(
      `${size} addresses: ${fillUs.toFixed(2)} µs to allocate one (into a Map ${mapUs.toFixed(2)}), ` +
        `${againUs.toFixed(2)} µs to release and allocate one (in a Map ${mapAgainUs.toFixed(2)})`,
    )
  }
}
