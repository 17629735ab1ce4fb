/**
 * What is to become of one Service: MetalLB's order of questions (controller/service.go,
 * convergeBalancer). The allocator's state changes here; what is to be written comes out as values.
 */
import { deprecatedAnnotations } from '../config/annotations.ts'
import type { Service } from '../config/model.ts'
import type { Labels } from '../config/selector.ts'
import { formatIp, parseIp, sameIp } from '../net/ip.ts'
import type { Family, Ip } from '../net/ip.ts'
import type { Allocator } from './allocator.ts'
import type { Holding } from './ledger.ts'
import { sameSharing } from './sharing.ts'
import type { Sharing } from './sharing.ts'
import { familiesOf, wishOf } from './wish.ts'
import type { Wish } from './wish.ts'

/** Said of the Service to people. */
export interface Notice {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

export interface Outcome {
  /** What its status and annotation must say: canonical addresses and their pool, or nothing. */
  readonly ips: readonly string[]
  readonly pool: string | undefined
  readonly notices: readonly Notice[]
  /** It wants more than it has: to be tried again when an address or a pool comes free. */
  readonly waiting: boolean
  /** Something that others may be waiting for came free, or may be shared now. */
  readonly freed: boolean
}

export function converge(allocator: Allocator, service: Service, namespaceLabels: Labels): Outcome {
  const run = new Convergence(allocator, service, namespaceLabels)
  run.go()
  return run.outcome()
}

class Convergence {
  readonly #allocator: Allocator
  readonly #service: Service
  readonly #namespaceLabels: Labels
  readonly #notices: Notice[] = []
  readonly #before: readonly Ip[]
  readonly #sharingBefore: Sharing | undefined
  #waiting = false

  constructor(allocator: Allocator, service: Service, namespaceLabels: Labels) {
    this.#allocator = allocator
    this.#service = service
    this.#namespaceLabels = namespaceLabels
    const known = allocator.holding(service.key)
    this.#before = (known ?? allocator.keeper.of(service.key))?.ips ?? []
    this.#sharingBefore = known?.sharing
  }

  go(): void {
    const service = this.#service
    if (service.type !== 'LoadBalancer' || service.clusterIPs.length === 0) return this.#clear()
    if (familiesOf(service).length < service.clusterIPs.length) {
      // What it has it keeps; which families it should have cannot be told.
      this.#keepCurrent()
      const message = `clusterIPs ${texts(service.clusterIPs)} are not of different families`
      return this.#say('Warning', 'noclusterIPsIPFamily', message)
    }
    if (service.ipFamilyPolicy === 'RequireDualStack' && familiesOf(service).length < 2) {
      this.#say('Warning', 'not enough clusterips', 'RequireDualStack needs two clusterIPs')
      return this.#clear()
    }
    const parsed = wishOf(service)
    this.#keepCurrent()
    if (!parsed.ok) {
      const reason = this.#held ? 'LoadBalancerFailed' : 'AllocationFailed'
      const message = this.#held ? `invalid requested IPs: ${parsed.problem}` : parsed.problem
      return this.#fail(reason, message)
    }
    const { wish } = parsed
    if (this.#held && !this.#suits(wish)) this.#clear()
    if (!this.#held) this.#allocate(wish)
    else this.#addMissingFamily(wish)
  }

  outcome(): Outcome {
    const after = this.#held?.ips ?? []
    return {
      ips: after.map(formatIp),
      pool: this.#held?.pool,
      notices: [...this.#deprecated(after), ...this.#notices],
      waiting: this.#waiting,
      freed: this.#before.some((ip) => !isAmong(ip, after)) || this.#sharesAnew(),
    }
  }

  /** With another key or other ports it may make room on its address for one that waits. */
  #sharesAnew(): boolean {
    const now = this.#held?.sharing
    if (!now || !this.#sharingBefore) return false
    return !sameSharing(now, this.#sharingBefore)
  }

  get #held(): Holding | undefined {
    return this.#allocator.holding(this.#service.key)
  }

  /** Holds again what its status says, so that configuration and sharing are checked anew. */
  #keepCurrent(): void {
    const { key, ingress } = this.#service
    // While a write of ours is on its way the status is older than what is held.
    const current = this.#held?.ips ?? ingress.flatMap((text) => parseIp(text) ?? [])
    if (current.length === 0) return this.#takeKept()
    if (new Set(current.map(({ family }) => family)).size < current.length) {
      const message = `current IPs ${texts(current)} are not of different families`
      this.#say('Warning', 'nolbIPsIPFamily', message)
      return this.#clear()
    }
    // With one family given up the address of the other stays.
    const families = familiesOf(this.#service)
    const fitting = current.filter(({ family }) => families.includes(family))
    if (fitting.length < current.length) {
      const gone = current.filter((ip) => !fitting.includes(ip))
      const message = `gives back ${texts(gone)}: its family is none of "${key}" any more`
      this.#say('Normal', 'ClearAssignment', message)
    }
    if (fitting.length === 0) return this.#clear()
    const kept = this.#allocator.hold(this.#service, fitting, this.#namespaceLabels)
    if (kept.ok) return
    this.#say(
      'Normal',
      'ClearAssignment',
      `current IP ${texts(fitting)} for "${key}" not allowed by config, will attempt for new IP assignment: ${kept.message}`,
    )
    this.#clear()
  }

  /** What was kept since a Service of this name was deleted; free for others if it can not be used. */
  #takeKept(): void {
    const kept = this.#allocator.keeper.of(this.#service.key)
    if (!kept) return
    const families = familiesOf(this.#service)
    const fitting = kept.ips.filter(({ family }) => families.includes(family))
    const result = this.#allocator.hold(this.#service, fitting, this.#namespaceLabels)
    if (!result.ok) return this.#clear()
    const message = `Assigned IP ${quoted(fitting)} from pool "${kept.pool}", kept since "${kept.service}" was deleted`
    this.#say('Normal', 'IPAllocated', message)
  }

  /** False if another pool or other addresses are asked for. */
  #suits({ pool, ips }: Wish): boolean {
    const held = this.#held
    if (!held || (pool !== undefined && pool !== held.pool)) return false
    return ips.every((ip) => isAmong(ip, held.ips))
  }

  /** The family that it should have an address of and has not. */
  #missing({ families }: Wish): Family | undefined {
    return families.find((family) => !this.#held?.ips.some((ip) => ip.family === family))
  }

  #allocate(wish: Wish): void {
    const { key } = this.#service
    const result = this.#allocator.allocate(this.#service, wish, this.#namespaceLabels)
    if (!result.ok) {
      return this.#fail('AllocationFailed', `Failed to allocate IP for "${key}": ${result.message}`)
    }
    const { ips, pool } = result.holding
    const passed = result.passedOver
      .filter((entry) => entry.pool !== pool)
      .map((entry) => `"${entry.pool}": ${entry.because}`)
    const why = passed.length > 0 ? `; passed over ${passed.join('; ')}` : ''
    this.#say('Normal', 'IPAllocated', `Assigned IP ${quoted(ips)} from pool "${pool}"${why}`)
    this.#addMissingFamily(wish)
  }

  /** Beside the one address that it has: at once, or as soon as there is one. */
  #addMissingFamily(wish: Wish): void {
    const missing = this.#missing(wish)
    if (missing === undefined) return
    const result = this.#allocator.extend(this.#service, missing)
    if (result.ok) {
      const added = result.holding.ips.filter((ip) => ip.family === missing)
      return this.#say('Normal', 'IPAllocated', `Assigned additional IP ${quoted(added)}`)
    }
    if (wish.oneIsEnough) {
      this.#say('Normal', 'AdditionalAssignFailed', `no IPv${missing} address: ${result.message}`)
      this.#waiting = true
    } else this.#moveForBoth(wish)
  }

  /** RequireDualStack whose pool has no second address: both from another, or it keeps the one. */
  #moveForBoth(wish: Wish): void {
    const { key } = this.#service
    const ips = this.#held?.ips ?? []
    this.#clear()
    const moved = this.#allocator.allocate(this.#service, wish, this.#namespaceLabels)
    if (moved.ok) {
      const { ips: both, pool } = moved.holding
      const message = `Assigned IP ${quoted(both)} from pool "${pool}", since RequireDualStack needs both of one pool`
      return this.#say('Normal', 'IPAllocated', message)
    }
    this.#allocator.hold(this.#service, ips, this.#namespaceLabels)
    const message = `Failed to allocate both IPs for "${key}", it keeps ${texts(ips)}: ${moved.message}`
    this.#fail('AllocationFailed', message)
  }

  #clear(): void {
    this.#allocator.release(this.#service.key)
  }

  #fail(reason: string, message: string): void {
    this.#say('Warning', reason, message)
    this.#waiting = true
  }

  #say(type: Notice['type'], reason: string, message: string): void {
    this.#notices.push({ type, reason, message })
  }

  /** Told only when something else about the Service changes, as in MetalLB. */
  #deprecated(after: readonly Ip[]): Notice[] {
    const keys = deprecatedAnnotations(this.#service.annotations)
    const same =
      after.length === this.#before.length && after.every((ip) => isAmong(ip, this.#before))
    if (same || keys.length === 0) return []
    const message = `annotations ${keys.join(', ')} are deprecated, use the prefix metallb.io/`
    return [{ type: 'Warning', reason: 'deprecatedAnnotation', message }]
  }
}

const isAmong = (ip: Ip, others: readonly Ip[]): boolean => others.some((it) => sameIp(ip, it))

const texts = (ips: readonly Ip[]): string => ips.map(formatIp).join(', ')

const quoted = (ips: readonly Ip[]): string => JSON.stringify(ips.map(formatIp))
