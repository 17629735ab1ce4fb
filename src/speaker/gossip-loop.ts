/**
 * The gossip thread's work: who is alive, hence who owns what, straight to the packet thread; and the
 * words with other speakers by which an address changes hands. A fresh speaker owns nothing before it
 * has tried to reach the others, or it would act as if it were alone.
 */
import { DETECTIONS } from '../core/gossip/detection.ts'
import type { DetectionName } from '../core/gossip/detection.ts'
import type { Address } from '../core/gossip/effects.ts'
import { handoverWord } from '../core/gossip/handover-word.ts'
import type { Profile } from '../core/gossip/profiles.ts'
import { textOfIp } from '../core/net/ip.ts'
import type { Security } from '../core/wire/memberlist/security.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { Assurance } from './assurance.ts'
import { Dispatch } from './dispatch.ts'
import { ElectorateClock } from './electorate-clock.ts'
import { tellFindings } from './findings-teller.ts'
import { GossipShell } from './gossip-shell.ts'
import { Joiner } from './joiner.ts'
import type {
  FromPacket,
  GossipThreadView,
  GossipToMain,
  MainToGossip,
  ToPacket,
  ToSegment,
} from './messages.ts'
import { UplinkTeller } from './uplink-teller.ts'
import { VipOwners } from './vip-owners.ts'

/** Plain memberlist takes longer than this to give somebody up. */
const MEMBERLIST_SURE_MS = 4000
/** One that leaves stays for this long at least, so that what it said gets out. */
const LINGER_MS = 50

export interface GossipLoopOptions {
  readonly node: string
  readonly bindAddress: string
  readonly bindPort: number
  readonly profile: Profile | 'off'
  readonly detection: DetectionName
  readonly returnDelayMs: number
  /** Its keys may change while it runs. */
  readonly security: Omit<Security, 'keys'> & { keys: Security['keys'] }
}

export interface GossipLoopDeps {
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  /** Unix time at start. */
  readonly startedAtMs: number
  /** Unix time now. */
  readonly unixMs: () => number
  readonly toMain: (message: GossipToMain) => void
  readonly toPacket: (message: ToPacket | ToSegment) => void
  /** For so long the packet thread may answer by what it was told. */
  readonly renewLease: (ms: number) => void
}

export class GossipLoop {
  readonly #options: GossipLoopOptions
  readonly #deps: GossipLoopDeps
  readonly #vips: VipOwners
  #shell: GossipShell | undefined
  #joiner: Joiner | undefined
  #assurance: Assurance | undefined
  #stopTelling: (() => void) | undefined
  readonly #electorate: ElectorateClock
  readonly #dispatch: Dispatch
  readonly #uplinks: UplinkTeller
  #alive = ''
  #stage: 'running' | 'leaving' | 'left' = 'running'

  private constructor(options: GossipLoopOptions, deps: GossipLoopDeps) {
    this.#options = options
    this.#deps = deps
    this.#electorate = new ElectorateClock(deps.clock, () => this.#update())
    this.#uplinks = new UplinkTeller({
      clock: deps.clock,
      returnDelayMs: options.returnDelayMs,
      tell: (uplinks) => {
        deps.log.info('uplinks', Object.fromEntries(uplinks))
        this.#shell?.uplinks(uplinks)
      },
    })
    this.#vips = new VipOwners({
      self: options.node,
      seq: deps.startedAtMs,
      member: (name) => this.#shell?.node.members.get(name),
      heardAt: ({ addr }) => this.#shell?.node.witness.findings.heardAt(addr),
    })
    const { clock, log, unixMs, toMain, toPacket } = deps
    this.#dispatch = new Dispatch(this.#vips, {
      clock,
      log,
      unixMs,
      toMain,
      toPacket,
      say: (to, payload) => this.#shell?.sendUser(to, payload),
      idle: () => {
        if (this.#stage === 'leaving') this.#left()
      },
    })
  }

  /** Rejects if the address cannot be bound. */
  static async start(options: GossipLoopOptions, deps: GossipLoopDeps): Promise<GossipLoop> {
    const loop = new GossipLoop(options, deps)
    if (options.profile === 'off') {
      deps.renewLease(Infinity)
      deps.toMain({ kind: 'joined' })
    } else await loop.#open(options.profile)
    return loop
  }

  receive(message: MainToGossip): void {
    switch (message.kind) {
      case 'candidacies':
        this.#vips.setCandidacies(message.candidacies)
        this.#uplinks.setCandidacies(message.candidacies)
        this.#joiner?.expectSoon()
        this.#update()
        return this.#deps.toMain({ kind: 'candidaciesTaken' })
      case 'join':
        this.#shell?.seekOnly((ip) => message.addresses.includes(textOfIp(ip)))
        return this.#joiner?.want(message.addresses)
      case 'view':
        return this.#deps.toMain({ kind: 'view', view: this.#view() })
      case 'ownersNow': {
        const owners = this.#vips.viewNow(this.#deps.clock.now())
        return this.#deps.toMain({ kind: 'ownersNow', owners })
      }
      case 'ownersTaken':
        return this.#dispatch.ownersTaken()
      case 'keys':
        this.#options.security.keys = message.keys
        return
      case 'leave':
        return this.#leave(message.timeoutMs)
    }
  }

  fromPacket(message: FromPacket): void {
    switch (message.kind) {
      case 'announced':
        this.#vips.announced(message.ips, this.#deps.clock.now())
        return this.#dispatch.want()
      case 'claimed':
        this.#vips.handover.claimed(message.ips, this.#deps.clock.now())
        return this.#dispatch.want()
      case 'answered':
        return this.#shell?.answered(message.ip)
      case 'carrier':
        return this.#shell?.carrier(message.up)
      case 'interfaces':
        return this.#uplinks.setInterfaces(message.names)
    }
  }

  async #open(profile: Profile): Promise<void> {
    const { node: name, bindAddress, bindPort, security, returnDelayMs } = this.#options
    const { clock, log, random, toMain, toPacket } = this.#deps
    const detection = DETECTIONS[this.#options.detection]
    const options = {
      name,
      bindAddress,
      bindPort,
      security,
      returnDelayMs,
      profile,
      ask: (ip: Uint8Array) => toPacket({ kind: 'ask', ip }),
      ...(detection && { detection }),
    }
    const shell = await GossipShell.open(options, clock, log, random, {
      changed: () => this.#membersChanged(),
      user: (payload, from) => this.#heard(payload, from),
    })
    this.#shell = shell
    toPacket({ kind: 'bound', ip: shell.address.ip })
    this.#joiner = new Joiner({
      clock,
      log,
      self: bindAddress,
      isMember: (address) => this.#addresses().has(address),
      join: (address) => shell.join(address, bindPort),
      joined: () => {
        shell.arrived()
        toMain({ kind: 'joined' })
        this.#update()
      },
    })
    this.#assurance = new Assurance({
      clock,
      sureMs: detection?.sureMs ?? MEMBERLIST_SURE_MS,
      renew: (ms) => this.#deps.renewLease(ms),
      ask: (count) => this.#ask(count),
      slept: (ms) => {
        log.warn('ownership-unsure', { sleptMs: Math.round(ms), asking: 'other speakers' })
        this.#vips.slept()
      },
      awake: () => {
        this.#electorate.forget()
        this.#update(true)
      },
    })
    const read = () => shell.findings()
    this.#stopTelling = tellFindings(clock, read, (findings) =>
      toMain({ kind: 'findings', findings }),
    )
    toMain({ kind: 'listening', address: `${bindAddress}:${bindPort}` })
    this.#membersChanged()
  }

  #view(): GossipThreadView | undefined {
    const view = this.#shell?.view()
    const { counts: handovers } = this.#vips.handover
    return view && { ...view, handovers, sure: this.#assurance?.sure ?? true }
  }

  /** Resolves once one of these members has told us its view. */
  async #ask(count: number): Promise<void> {
    const others = this.#usable().filter(({ name }) => name !== this.#options.node)
    const asked = others.sort(() => this.#deps.random() - 0.5).slice(0, count)
    const answers = asked.map(async ({ addr, port }) => {
      if (!(await this.#shell?.join(textOfIp(addr), port))) throw new Error('no answer')
    })
    await Promise.any(answers).catch(() => undefined)
  }

  #usable() {
    return this.#shell?.node.members.usable() ?? []
  }

  #addresses(): Set<string> {
    return new Set(this.#usable().map(({ addr }) => textOfIp(addr)))
  }

  #membersChanged(): void {
    const members = this.#usable()
      .map(({ name, addr, port, state }) => {
        const address = `${textOfIp(addr)}:${port}`
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

  /** Reckons anew who owns what. `again`: what is ours is announced anew. */
  #update(again = false): void {
    if (this.#stage === 'left' || (this.#joiner && !this.#joiner.joined)) return
    // Who slept and has not heard of the others yet would take what it had.
    if (this.#stage === 'running' && this.#assurance?.sure === false) return
    const { profile } = this.#options
    const electorate = profile === 'off' ? undefined : this.#electorate.of(this.#usable())
    this.#vips.update(electorate, this.#deps.clock.now())
    this.#dispatch.flush(again)
  }

  #heard(payload: Uint8Array, from: Address): void {
    const word = handoverWord(payload, from, (name) => this.#shell?.node.members.get(name))
    if (!word.ok) {
      if (word.reason === 'notHandover') return
      this.#shell?.node.witness.word(word.reason)
      return this.#deps.log.debug('handover-dropped', { reason: word.reason })
    }
    this.#deps.log.debug('handover-heard', word.value)
    this.#vips.heard(word.value, this.#deps.clock.now())
    this.#dispatch.want()
  }

  #leave(timeoutMs: number): void {
    const { clock } = this.#deps
    this.#joiner?.close()
    this.#uplinks.close()
    this.#stopTelling?.()
    // First, so that whoever takes an address at the word of the leave finds it lame.
    this.#vips.handover.leave()
    this.#dispatch.flush()
    this.#shell?.leave()
    clock.after(this.#usable().length === 0 ? 0 : LINGER_MS, () => {
      this.#stage = 'leaving'
      this.#update()
    })
    clock.after(timeoutMs, () => this.#left())
  }

  #left(): void {
    if (this.#stage === 'left') return
    this.#stage = 'left'
    this.#dispatch.close()
    this.#electorate.close()
    this.#assurance?.close()
    this.#shell?.close()
    this.#deps.toMain({ kind: 'left' })
  }
}
