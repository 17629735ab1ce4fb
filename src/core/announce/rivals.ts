/**
 * Others that use an address which this node announces: who they are, whom to tell, and when. A host of
 * the segment that knows nothing of us is a `stranger`; a `speaker` is another node of ours, or of
 * MetalLB's, which the election settles: it is only told of where that takes long.
 *
 * A MAC is a speaker's if the kernel that answers for a speaker's own address has it too: whoever holds
 * this book asks the speakers for theirs when `seen` says so, and waits IDENTIFY_MS for the answers.
 */

export type RivalKind = 'stranger' | 'speaker'

export interface Rival {
  readonly ip: string
  readonly mac: string
  /** Where it was heard last. */
  readonly interface: string
  readonly kind: RivalKind
  /** The address of that speaker; of a stranger: undefined. */
  readonly speaker: string | undefined
}

export interface RivalNews {
  /** Not heard of before, or not as that. */
  readonly found: readonly Rival[]
  /** People are to be told of these now, again from time to time. */
  readonly alarms: readonly Rival[]
  /** Not heard any more. */
  readonly gone: readonly Rival[]
  /** These are to be asked for again: whether the rival is still there. */
  readonly probe: readonly string[]
}

/** Kernels on a segment answer within a few. */
export const IDENTIFY_MS = 100
/** Two speakers that both answer for so long do not agree. */
export const DISPUTE_MS = 5000
/** Between two alarms about the same. */
export const ALARM_AGAIN_MS = 300_000
/** Between alarms of all kinds: a flood of forged frames is not to be one of events. */
export const ALARM_EVERY_MS = 6000
/** Alarms at once, after a rest. */
const ALARMS_AT_ONCE = 10
/** Between two questions whether a rival is still there; who leaves three of them unanswered is gone. */
export const PROBE_EVERY_MS = 10_000
export const GONE_MS = 3 * PROBE_EVERY_MS + 5000
export const MOST_RIVALS = 256
const MOST_OF_ONE = 4
/** For how long a MAC is taken for the speaker's that last had it. */
const SPEAKER_MS = 600_000
const MOST_SPEAKERS = 1024

interface Entry {
  readonly ip: string
  readonly mac: string
  readonly firstAt: number
  interface: string
  lastAt: number
  probedAt: number
  /** Undefined: the speakers are being asked. */
  kind: RivalKind | undefined
  speaker: string | undefined
  alarmedAt: number
}

export class Rivals {
  readonly #entries = new Map<string, Entry>()
  readonly #speakers = new Map<string, { readonly address: string; readonly at: number }>()
  /** Alarms are told at once or, when there were many, one each while. */
  #quietUntil = 0

  /**
   * This MAC was heard to use the address. `unknown`: the speakers are to be asked for theirs;
   * `forgotten`: there are too many already.
   */
  seen(ip: string, mac: string, on: string, now: number): 'known' | 'unknown' | 'forgotten' {
    const key = `${ip} ${mac}`
    const entry = this.#entries.get(key)
    if (entry) {
      entry.lastAt = now
      entry.interface = on
      return 'known'
    }
    const same = [...this.#entries.values()].filter((other) => other.ip === ip).length
    if (this.#entries.size >= MOST_RIVALS || same >= MOST_OF_ONE) return 'forgotten'
    this.#entries.set(key, {
      ip,
      mac,
      firstAt: now,
      interface: on,
      lastAt: now,
      probedAt: now,
      kind: undefined,
      speaker: undefined,
      alarmedAt: -Infinity,
    })
    return this.#speaker(mac, now) ? 'known' : 'unknown'
  }

  /** There was no way to ask who that is. */
  forget(ip: string, mac: string): void {
    this.#entries.delete(`${ip} ${mac}`)
  }

  /** A stranger is known to use the address. */
  isStrangers(ip: string): boolean {
    return [...this.#entries.values()].some((entry) => entry.ip === ip && entry.kind === 'stranger')
  }

  /** The kernel that has a speaker's own address answers by this MAC. */
  speakerHas(address: string, mac: string, now: number): void {
    this.#speakers.delete(mac)
    this.#speakers.set(mac, { address, at: now })
    const [oldest] = this.#speakers.keys()
    if (this.#speakers.size > MOST_SPEAKERS && oldest !== undefined) this.#speakers.delete(oldest)
  }

  /** What is not announced here any more has no rivals; they are not told of as gone. */
  keep(isAnnounced: (ip: string) => boolean): void {
    for (const [key, { ip }] of this.#entries) if (!isAnnounced(ip)) this.#entries.delete(key)
  }

  /** What is to be done by now. */
  news(now: number): RivalNews {
    const news = { found: [], alarms: [], gone: [], probe: new Set() } as {
      found: Rival[]
      alarms: Rival[]
      gone: Rival[]
      probe: Set<string>
    }
    for (const [key, entry] of this.#entries) {
      if (now - entry.lastAt >= GONE_MS) {
        this.#entries.delete(key)
        if (entry.kind) news.gone.push(rivalOf(entry, entry.kind))
        continue
      }
      const kind = this.#kindOf(entry, now)
      if (!kind) continue
      if (entry.kind !== kind) {
        entry.kind = kind
        entry.speaker = this.#speaker(entry.mac, now)
        entry.alarmedAt = -Infinity
        news.found.push(rivalOf(entry, kind))
      }
      if (now >= this.#alarmAt(entry)) {
        entry.alarmedAt = now
        this.#quietUntil = Math.max(this.#quietUntil, now) + ALARM_EVERY_MS
        news.alarms.push(rivalOf(entry, kind))
      }
      if (now >= entry.probedAt + PROBE_EVERY_MS) {
        entry.probedAt = now
        news.probe.add(entry.ip)
      }
    }
    return { ...news, probe: [...news.probe] }
  }

  /** When there may be `news` next; undefined: not before something is seen. */
  get deadline(): number | undefined {
    if (this.#entries.size === 0) return undefined
    let earliest: number | undefined
    for (const entry of this.#entries.values()) {
      const at = entry.kind
        ? Math.min(entry.lastAt + GONE_MS, this.#alarmAt(entry), entry.probedAt + PROBE_EVERY_MS)
        : entry.firstAt + IDENTIFY_MS
      if (earliest === undefined || at < earliest) earliest = at
    }
    return earliest
  }

  get standing(): readonly Rival[] {
    return [...this.#entries.values()].flatMap((entry) =>
      entry.kind ? [rivalOf(entry, entry.kind)] : [],
    )
  }

  /** Those of `standing` that people are to know of: strangers, and speakers that do not agree with us. */
  get conflicts(): readonly Rival[] {
    return [...this.#entries.values()].flatMap((entry) =>
      entry.kind && isConflict(entry) ? [rivalOf(entry, entry.kind)] : [],
    )
  }

  #kindOf(entry: Entry, now: number): RivalKind | undefined {
    if (entry.kind === 'speaker' || this.#speaker(entry.mac, now)) return 'speaker'
    // Once a stranger it stays one only until a speaker turns out to have its MAC.
    return now - entry.firstAt >= IDENTIFY_MS ? 'stranger' : undefined
  }

  #alarmAt(entry: Entry): number {
    if (!isConflict(entry)) return Infinity
    const again = entry.alarmedAt + ALARM_AGAIN_MS
    return Math.max(again, this.#quietUntil - (ALARMS_AT_ONCE - 1) * ALARM_EVERY_MS)
  }

  #speaker(mac: string, now: number): string | undefined {
    const known = this.#speakers.get(mac)
    return known && now - known.at < SPEAKER_MS ? known.address : undefined
  }
}

/** A speaker is one only where it was heard to last. */
const isConflict = ({ kind, firstAt, lastAt }: Entry): boolean =>
  kind !== 'speaker' || lastAt - firstAt >= DISPUTE_MS

const rivalOf = ({ ip, mac, interface: on, speaker }: Entry, kind: RivalKind): Rival => ({
  ip,
  mac,
  interface: on,
  kind,
  speaker,
})
