/**
 * Others that use addresses of ours: finds out who they are, has people told, and does what
 * `--address-conflict` says. Who is one, and when to tell: core/announce/rivals.ts.
 */
import { whoHas } from '../core/announce/ask.ts'
import type { AnnouncingInterface } from '../core/announce/interfaces.ts'
import { Pace } from '../core/announce/pace.ts'
import { Rivals } from '../core/announce/rivals.ts'
import type { Rival, RivalKind, RivalNews } from '../core/announce/rivals.ts'
import type { Vip } from '../core/announce/vips.ts'
import { formatIp, parseIp } from '../core/net/ip.ts'
import type { Ip } from '../core/net/ip.ts'
import { formatMac } from '../core/net/mac.ts'
import type { Mac } from '../core/net/mac.ts'
import type { ConflictPolicy } from './messages.ts'

/** RFC 5227 section 2.4: who defends its address does so once in that time. */
const DEFEND_MS = 10_000
/** For who a MAC is, speakers are asked at most so often. */
const ASK_EVERY_MS = 1000
const MOST_ASKED = 1024
/** Questions to speakers, packets a second, and at once. */
const QUESTIONS = { perSecond: 500, atOnce: 1000 } as const

export interface RivalPorts {
  ask(ip: Ip, on: AnnouncingInterface, question: Uint8Array): void
  tell(news: Pick<RivalNews, 'alarms' | 'gone'>): void
  /** All that people are to know of, when they are others than before. */
  conflicts(conflicts: readonly Rival[]): void
  found(kind: RivalKind): void
  forgotten(): void
  /** Sent beside the schedule. */
  announce(ip: string): void
  probe(ip: string): void
  /** `yielded` is another than before. */
  changed(): void
}

export class RivalWatch {
  readonly #policy: ConflictPolicy
  readonly #ports: RivalPorts
  readonly #rivals = new Rivals()
  readonly #pace = new Pace(QUESTIONS.perSecond, QUESTIONS.atOnce)
  /** By text. */
  #speakers = new Map<string, Ip>()
  readonly #askedAt = new Map<string, number>()
  readonly #defendedAt = new Map<string, number>()
  /** Those told last. */
  #conflicts = ''
  /** Addresses left to strangers. */
  readonly yielded = new Set<string>()

  constructor(policy: ConflictPolicy, ports: RivalPorts) {
    this.#policy = policy
    this.#ports = ports
  }

  get standing(): readonly Rival[] {
    return this.#rivals.standing
  }

  get deadline(): number {
    return this.#rivals.deadline ?? Infinity
  }

  setSpeakers(addresses: readonly string[]): void {
    this.#speakers = new Map(
      addresses.flatMap((text) => {
        const ip = parseIp(text)
        return ip ? [[formatIp(ip), ip] as const] : []
      }),
    )
  }

  /** Not our own MAC was heard to use one of our addresses. */
  seen(now: number, vip: Vip, mac: Mac, on: AnnouncingInterface): void {
    const text = formatMac(mac)
    const known = this.#rivals.seen(vip.text, text, on.name, now)
    if (known === 'forgotten') this.#ports.forgotten()
    else if (known === 'unknown' && !this.#ask(now, text, on)) {
      this.#rivals.forget(vip.text, text)
      this.#ports.forgotten()
    } else if (this.#policy === 'defend' && this.#rivals.isStrangers(vip.text)) {
      this.#defend(now, vip.text)
    }
  }

  /** The kernel of this address has this MAC. */
  answered(now: number, ip: Ip, mac: Mac): void {
    const text = formatIp(ip)
    if (this.#speakers.has(text)) this.#rivals.speakerHas(text, formatMac(mac), now)
  }

  keep(isAnnounced: (ip: string) => boolean): void {
    this.#rivals.keep(isAnnounced)
    for (const ip of this.yielded) if (!isAnnounced(ip)) this.yielded.delete(ip)
    for (const ip of this.#defendedAt.keys()) if (!isAnnounced(ip)) this.#defendedAt.delete(ip)
    this.#tellConflicts()
  }

  /** Does what is due. */
  run(now: number): void {
    const { found, alarms, gone, probe } = this.#rivals.news(now)
    for (const { kind, ip } of found) {
      this.#ports.found(kind)
      if (kind === 'stranger' && this.#policy === 'defend') this.#defend(now, ip)
    }
    if (alarms.length > 0 || gone.length > 0) this.#ports.tell({ alarms, gone })
    if (this.#policy === 'yield') this.#yield([...found, ...gone].map(({ ip }) => ip))
    for (const ip of probe) this.#ports.probe(ip)
    this.#tellConflicts()
  }

  /** Where it was heard last may change with each frame, and is no news. */
  #tellConflicts(): void {
    const conflicts = this.#rivals.conflicts
    const text = conflicts.map(({ ip, mac, kind }) => [ip, mac, kind].join(' ')).join()
    if (text !== this.#conflicts) this.#ports.conflicts(conflicts)
    this.#conflicts = text
  }

  #yield(ips: readonly string[]): void {
    let changed = false
    for (const ip of ips) {
      const yields = this.#rivals.isStrangers(ip)
      if (yields === this.yielded.has(ip)) continue
      if (yields) this.yielded.add(ip)
      else this.yielded.delete(ip)
      changed = true
    }
    if (changed) this.#ports.changed()
  }

  #defend(now: number, ip: string): void {
    if (now - (this.#defendedAt.get(ip) ?? -Infinity) < DEFEND_MS) return
    this.#defendedAt.set(ip, now)
    this.#ports.announce(ip)
  }

  /** Asks the speakers for their MACs there; false: too much has been asked. */
  #ask(now: number, mac: string, on: AnnouncingInterface): boolean {
    if (now - (this.#askedAt.get(mac) ?? -Infinity) < ASK_EVERY_MS) return true
    if (this.#speakers.size > 0 && this.#pace.available(now) === 0) return false
    this.#askedAt.delete(mac)
    this.#askedAt.set(mac, now)
    const [oldest] = this.#askedAt.keys()
    if (this.#askedAt.size > MOST_ASKED && oldest !== undefined) this.#askedAt.delete(oldest)
    for (const ip of this.#speakers.values()) {
      const question = whoHas(ip, on)
      if (!question) continue
      this.#pace.spend(1)
      this.#ports.ask(ip, on, question)
    }
    return true
  }
}
