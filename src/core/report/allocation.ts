/** The allocator as the controller's must stand, by what the Services and pools say; for trying things. */
import type { Service } from '../config/model.ts'
import { poolOptions } from '../config/pool-annotations.ts'
import { parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { Allocator } from '../pool/allocator.ts'
import { converge } from '../pool/converge.ts'
import type { Outcome } from '../pool/converge.ts'
import { NOT_SHARED } from '../pool/sharing.ts'
import type { Snapshot } from './snapshot.ts'
import { parseTime } from './time.ts'

const parsed = new WeakMap<readonly string[], Ip[]>()

/** Parsed once, since every step of a report asks for it. */
export function ipsOf({ ingress }: Pick<Service, 'ingress'>): Ip[] {
  const known = parsed.get(ingress)
  if (known) return known
  const ips = ingress.flatMap((text) => parseIp(text) ?? [])
  parsed.set(ingress, ips)
  return ips
}

/** A load balancer that this controller and these speakers are for. */
export const isOurs = ({ flags }: Pick<Snapshot, 'flags'>, service: Service): boolean =>
  service.type === 'LoadBalancer' && service.loadBalancerClass === flags.loadBalancerClass

export class Allocation {
  readonly #snapshot: Snapshot
  readonly #allocator = new Allocator()

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot
    const { config, pools, services, at } = snapshot
    const options = new Map(
      pools.map(({ name, annotations }) => {
        const ranges = config.pools.get(name)?.ranges ?? []
        return [name, poolOptions(name, annotations, ranges).options]
      }),
    )
    const reserved = [...options].map(([name, { reserved }]) => [name, reserved] as const)
    this.#allocator.setPools(config.pools, new Map(reserved))
    for (const service of services) {
      if (!isOurs(snapshot, service) || service.ingress.length === 0) continue
      this.#allocator.hold(service, ipsOf(service), this.#labels(service))
    }
    const keepMs = [...options].flatMap(([name, { keepMs }]) =>
      keepMs === undefined ? [] : [[name, keepMs] as const],
    )
    this.#allocator.keeper.setTimes(new Map(keepMs))
    for (const { name: pool, kept } of pools) {
      for (const { service, addresses, until } of kept) {
        const ips = ipsOf({ ingress: addresses })
        const end = parseTime(until)
        if (ips.length === 0 || end === undefined) continue
        this.#allocator.keeper.recall({ service, pool, ips, sharing: NOT_SHARED }, at, end)
      }
    }
  }

  get allocator(): Allocator {
    return this.#allocator
  }

  /** What the controller would make of the Service as it stands; nothing changes by that. */
  outcomeOf(service: Service): Outcome {
    const had = this.#allocator.holding(service.key)
    const kept = this.#allocator.keeper.of(service.key)
    const outcome = converge(this.#allocator, service, this.#labels(service))
    this.#allocator.release(service.key)
    if (had) this.#allocator.hold(service, had.ips, this.#labels(service))
    if (kept) this.#allocator.keeper.recall(kept, this.#snapshot.at, kept.keptUntil)
    return outcome
  }

  #labels(service: Service) {
    return this.#snapshot.namespaces.get(service.namespace) ?? {}
  }
}
