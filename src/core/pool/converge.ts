/**
 * What is to become of one Service: MetalLB's order of questions (controller/service.go,
 * convergeBalancer). The allocator's state changes here; what is to be written comes out as values.
 */
import { deprecatedAnnotations } from '../config/annotations.ts'
import type { Service } from '../config/model.ts'
import type { Labels } from '../config/selector.ts'
import { formatIp, parseIp, sameIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import type { Allocator } from './allocator.ts'
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
    // Deleted and made again under the same name: another Service, which holds nothing yet.
    if (known && known.uid !== service.uid) allocator.release(service.key)
    this.#before = known?.ips ?? []
    this.#sharingBefore = known?.sharing
  }

  go(): void {
    const service = this.#service
    if (service.type !== 'LoadBalancer' || service.clusterIPs.length === 0) return this.#clear()
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
    if (this.#held && !this.#suits(parsed.wish)) this.#clear()
    if (!this.#held) this.#allocate(parsed.wish)
    else this.#addSecondFamily(parsed.wish)
  }

  outcome(): Outcome {
    const after = this.#held?.ips ?? []
    return {
      ips: after.map(formatIp),
      pool: this.#held?.pool,
      notices: [...this.#deprecated(after), ...this.#notices],
      waiting: this.#waiting,
      freed: this.#gaveUp(after) || this.#sharesAnew(),
    }
  }

  #gaveUp(after: readonly Ip[]): boolean {
    return this.#before.some((ip) => !after.some((other) => sameIp(ip, other)))
  }

  /** With another key or other ports it may make room on its address for one that waits. */
  #sharesAnew(): boolean {
    const now = this.#held?.sharing
    if (!now || !this.#sharingBefore) return false
    return JSON.stringify(now) !== JSON.stringify(this.#sharingBefore)
  }

  get #held() {
    return this.#allocator.holding(this.#service.key)
  }

  /** Holds again what its status says, so that configuration and sharing are checked anew. */
  #keepCurrent(): void {
    const { key, ingress } = this.#service
    // While a write of ours is on its way the status is older than what is held.
    const current = this.#held?.ips ?? ingress.flatMap((text) => parseIp(text) ?? [])
    if (current.length === 0) return this.#clear()
    const families = familiesOf(this.#service)
    const distinct = new Set(current.map(({ family }) => family))
    const fits = current.every(({ family }) => families.includes(family))
    if (!fits || distinct.size < current.length) return this.#clear()
    const kept = this.#allocator.hold(this.#service, current, this.#namespaceLabels)
    if (kept.ok) return
    const texts = current.map(formatIp).join(', ')
    this.#say(
      'Normal',
      'ClearAssignment',
      `current IP ${texts} for "${key}" not allowed by config, will attempt for new IP assignment: ${kept.message}`,
    )
    this.#clear()
  }

  /** False if another pool, other addresses, or both of two families are asked for. */
  #suits(wish: Wish): boolean {
    const held = this.#held
    if (!held) return false
    if (wish.pool !== undefined && wish.pool !== held.pool) return false
    if (wish.ips.length > 0) {
      return (
        wish.ips.length === held.ips.length &&
        wish.ips.every((ip) => held.ips.some((other) => sameIp(ip, other)))
      )
    }
    return wish.oneIsEnough || held.ips.length === wish.families.length
  }

  #allocate(wish: Wish): void {
    const { key } = this.#service
    const result = this.#allocator.allocate(this.#service, wish, this.#namespaceLabels)
    if (!result.ok) {
      return this.#fail('AllocationFailed', `Failed to allocate IP for "${key}": ${result.message}`)
    }
    const { ips, pool } = result.holding
    const passed = [...new Map(result.passedOver.map((entry) => [entry.pool, entry])).values()]
      .filter((entry) => entry.pool !== pool)
      .map((entry) => `"${entry.pool}": ${entry.because}`)
    const why = passed.length > 0 ? `; passed over ${passed.join('; ')}` : ''
    this.#say('Normal', 'IPAllocated', `Assigned IP ${quoted(ips)} from pool "${pool}"${why}`)
    if (ips.length < wish.families.length) this.#waiting = true
  }

  /** PreferDualStack with one address: the other family is added as soon as there is one. */
  #addSecondFamily(wish: Wish): void {
    const held = this.#held
    const missing = wish.families.find((family) => !held?.ips.some((ip) => ip.family === family))
    if (!held || missing === undefined || wish.ips.length > 0) return
    const result = this.#allocator.extend(this.#service, missing)
    if (result.ok) {
      const added = result.holding.ips.filter((ip) => ip.family === missing)
      return this.#say('Normal', 'IPAllocated', `Assigned IP ${quoted(added)}`)
    }
    this.#say('Normal', 'AdditionalAssignFailed', `no IPv${missing} address: ${result.message}`)
    this.#waiting = true
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
      after.length === this.#before.length &&
      after.every((ip, i) => this.#before[i] && sameIp(ip, this.#before[i]))
    if (same || keys.length === 0) return []
    const message = `annotations ${keys.join(', ')} are deprecated, use the prefix metallb.io/`
    return [{ type: 'Warning', reason: 'deprecatedAnnotation', message }]
  }
}

const quoted = (ips: readonly Ip[]): string => JSON.stringify(ips.map(formatIp))
