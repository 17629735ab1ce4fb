/**
 * The gossip thread's work: who is alive, hence who owns what, straight to the packet thread. A fresh
 * speaker owns nothing before it has tried to reach the others, or it would act as if it were alone.
 */
import { formatIp, ipFromBytes } from '../core/net/ip.ts'
import { announcedBy, owners } from '../core/election/owners.ts'
import type { Candidacy } from '../core/election/candidacy.ts'
import { DETECTIONS } from '../core/gossip/detection.ts'
import type { DetectionName } from '../core/gossip/detection.ts'
import type { Profile } from '../core/gossip/profiles.ts'
import type { Security } from '../core/wire/memberlist/security.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { GossipShell } from './gossip-shell.ts'
import { Joiner } from './joiner.ts'
import type { GossipToMain, MainToGossip, ToPacket } from './messages.ts'

/** Between telling the others and falling silent: they announce, we still answer. */
const HANDOVER_MS = 200

export interface GossipLoopOptions {
  readonly node: string
  readonly bindAddress: string
  readonly bindPort: number
  readonly profile: Profile | 'off'
  readonly detection: DetectionName
  /** Its keys may change while it runs. */
  readonly security: Omit<Security, 'keys'> & { keys: Security['keys'] }
}

export interface GossipLoopDeps {
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  readonly toMain: (message: GossipToMain) => void
  readonly toPacket: (message: ToPacket) => void
}

export class GossipLoop {
  readonly #options: GossipLoopOptions
  readonly #deps: GossipLoopDeps
  #shell: GossipShell | undefined
  #joiner: Joiner | undefined
  #candidacies: readonly Candidacy[] = []
  #alive = ''
  #announced = ''
  #owners = ''
  #left = false

  private constructor(options: GossipLoopOptions, deps: GossipLoopDeps) {
    this.#options = options
    this.#deps = deps
  }

  /** Rejects if the address cannot be bound. */
  static async start(options: GossipLoopOptions, deps: GossipLoopDeps): Promise<GossipLoop> {
    const loop = new GossipLoop(options, deps)
    if (options.profile === 'off') deps.toMain({ kind: 'joined' })
    else await loop.#open(options.profile)
    return loop
  }

  receive(message: MainToGossip): void {
    switch (message.kind) {
      case 'candidacies':
        this.#candidacies = message.candidacies
        this.#joiner?.expectSoon()
        return this.#update(false)
      case 'join':
        return this.#joiner?.want(message.addresses)
      case 'keys':
        this.#options.security.keys = message.keys
        return
      case 'leave':
        return this.#leave(message.timeoutMs)
    }
  }

  async #open(profile: Profile): Promise<void> {
    const { node: name, bindAddress, bindPort, security } = this.#options
    const { clock, log, random, toMain } = this.#deps
    const detection = DETECTIONS[this.#options.detection]
    const options = {
      name,
      bindAddress,
      bindPort,
      security,
      profile,
      ...(detection && { detection }),
    }
    const shell = await GossipShell.open(options, clock, log, random, () => this.#membersChanged())
    this.#shell = shell
    this.#joiner = new Joiner({
      clock,
      log,
      self: bindAddress,
      isMember: (address) => this.#addresses().has(address),
      join: (address) => shell.join(address, bindPort),
      joined: () => {
        toMain({ kind: 'joined' })
        this.#update(false)
      },
    })
    toMain({ kind: 'listening', address: `${bindAddress}:${bindPort}` })
    this.#membersChanged()
  }

  #usable() {
    return this.#shell?.node.members.usable() ?? []
  }

  #addresses(): Set<string> {
    return new Set(
      this.#usable().flatMap(({ addr }) => {
        const ip = ipFromBytes(addr)
        return ip ? formatIp(ip) : []
      }),
    )
  }

  #membersChanged(): void {
    const members = this.#usable()
      .map(({ name, addr, port, state }) => {
        const ip = ipFromBytes(addr)
        const address = `${ip ? formatIp(ip) : '?'}:${port}`
        return { name, address, state: state === 'suspect' ? state : ('alive' as const) }
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    this.#deps.toMain({ kind: 'members', members })
    const before = new Set(this.#alive.split('\n'))
    const names = members.map(({ name }) => name)
    this.#alive = names.join('\n')
    // One that comes back may have announced what is ours: say again whose it is.
    this.#update(names.some((name) => !before.has(name)))
  }

  #update(again: boolean): void {
    if (this.#left || (this.#joiner && !this.#joiner.joined)) return
    const { node, profile } = this.#options
    const alive = profile === 'off' ? undefined : new Set(this.#usable().map(({ name }) => name))
    const vips = announcedBy(node, this.#candidacies, alive)
    const table = JSON.stringify(vips)
    if (table !== this.#announced || again) this.#deps.toPacket({ kind: 'announce', vips, again })
    this.#announced = table
    const list = owners(this.#candidacies, alive)
    const text = JSON.stringify(list)
    if (text !== this.#owners) this.#deps.toMain({ kind: 'owners', owners: list })
    this.#owners = text
  }

  #leave(timeoutMs: number): void {
    const { clock, toPacket, toMain } = this.#deps
    this.#left = true
    this.#joiner?.close()
    this.#shell?.leave()
    const alone = this.#usable().length === 0
    clock.after(Math.min(timeoutMs, alone ? 0 : HANDOVER_MS), () => {
      toPacket({ kind: 'announce', vips: [] })
      this.#shell?.close()
      toMain({ kind: 'left' })
    })
  }
}
