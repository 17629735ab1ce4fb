/**
 * Carries what comes of VipOwners to all whom it concerns: to the packet thread first, then the words of
 * handover to other speakers, then what people are told to the main thread. Each of these is work on all
 * addresses, and most causes concern one: so it is paced (paced.ts), but for what a change of members or
 * of candidacies makes of all of them.
 */
import { encodeHandover } from '../core/wire/handover.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { GossipToMain, OwnerView, ToPacket } from './messages.ts'
import { Paced } from './paced.ts'
import type { VipOwners } from './vip-owners.ts'

/** How many times as long as it took each rests: people can wait longer than other speakers. */
const [FLUSH_RESTS, TELL_RESTS] = [1, 3]
/** No address is answered for, none is lame. */
const NOTHING = JSON.stringify([[], []])

export interface DispatchDeps {
  readonly clock: Clock
  readonly log: Log
  /** Unix time now. */
  readonly unixMs: () => number
  readonly toMain: (message: GossipToMain) => void
  readonly toPacket: (message: ToPacket) => void
  /** To another speaker. */
  readonly say: (to: string, payload: Uint8Array) => void
  /** This node answers for nothing at the moment. */
  readonly idle: () => void
}

export class Dispatch {
  readonly #vips: VipOwners
  readonly #deps: DispatchDeps
  readonly #flushes: Paced
  readonly #telling: Paced
  #tick: { cancel(): void } | undefined
  #announced = NOTHING
  #owners: readonly OwnerView[] = []
  #told: (() => void) | undefined

  constructor(vips: VipOwners, deps: DispatchDeps) {
    this.#vips = vips
    this.#deps = deps
    const { clock } = deps
    this.#flushes = new Paced({ clock, rests: FLUSH_RESTS, work: () => this.flush() })
    this.#telling = new Paced({ clock, rests: TELL_RESTS, work: () => this.#tellOwners() })
  }

  /** Something came about with some addresses. */
  want(): void {
    this.#flushes.want()
  }

  /** At once. `again`: what is ours is announced anew. */
  flush(again = false): void {
    const { clock, log, toMain, unixMs, say, idle } = this.#deps
    const { send, changed } = this.#vips.drain()
    if (changed) this.#announce(again)
    for (const { to, message } of send) {
      log.debug('handover-said', { to, ...message })
      for (const bytes of encodeHandover(message)) say(to, bytes)
    }
    const takeovers = this.#vips.settle(clock.now(), unixMs())
    if (takeovers.length > 0) toMain({ kind: 'takeovers', takeovers })
    // In a turn of its own: others wait for an answer of this thread, and for no more than one of these at once.
    clock.after(0, () => this.#telling.want())
    this.#tick?.cancel()
    const deadline = this.#vips.handover.nextDeadline()
    if (deadline !== undefined) {
      this.#tick = clock.after(Math.max(0, deadline - clock.now()), () => {
        this.#vips.handover.tick(clock.now())
        this.flush()
      })
    }
    if (this.#announced === NOTHING) idle()
  }

  /** The main thread has taken in what it was told last. */
  ownersTaken(): void {
    this.#told?.()
  }

  /** Answers for nothing, and tells nobody any more. */
  close(): void {
    this.#flushes.close()
    this.#telling.close()
    this.#tick?.cancel()
    this.#deps.toPacket({ kind: 'announce', vips: [], lame: [] })
  }

  #announce(again: boolean): void {
    const { table: vips, first, handover } = this.#vips
    const { lame } = handover
    const table = JSON.stringify([vips, lame])
    if (table !== this.#announced || again) {
      this.#deps.toPacket({ kind: 'announce', vips, lame, again, first })
    }
    this.#announced = table
  }

  /** Who owns what; over when the main thread has taken it in. */
  #tellOwners(): Promise<void> | undefined {
    const before = this.#owners
    const owners = this.#vips.view.map((owner, i) => {
      const other = before[i]
      return other && isSame(owner, other) ? other : owner
    })
    if (owners.length === before.length && owners.every((owner, i) => owner === before[i])) {
      return undefined
    }
    this.#owners = owners
    this.#deps.toMain({ kind: 'owners', owners })
    return new Promise((resolve) => {
      this.#told = resolve
    })
  }
}

/** Field by field: as text, a thousand of them would cost ten times that. What is known of a take-over is one object. */
const isSame = (one: OwnerView, other: OwnerView): boolean =>
  one.ip === other.ip &&
  one.service === other.service &&
  one.owner === other.owner &&
  one.holding === other.holding &&
  one.why === other.why &&
  one.taken === other.taken
