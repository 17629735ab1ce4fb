/**
 * Signs of a network or a configuration that is wrong, as this member meets them: evidence by address or
 * name, each held for a while after it was last seen. What it means, and for whom, is said by
 * core/diagnosis/problems.ts.
 */
import { textOfIp } from '../net/ip.ts'
import type { PacketDrop } from '../wire/memberlist/packet.ts'
import type { StreamDrop } from '../wire/memberlist/stream.ts'

/** Drops that mean another secret, or none. */
const SECRET_DROPS = [
  'cannotDecrypt',
  'encryptionVersion',
  'encryptionTruncated',
  'notEncrypted',
  'unexpectedEncryption',
] as const
export type SecretDrop = (typeof SECRET_DROPS)[number]

/** Addresses are without port. */
export type Finding =
  /** Pinged by UDP it does not answer, by TCP it does. */
  | { readonly kind: 'udpLost'; readonly address: string }
  /** What comes from there cannot be read, and nothing else comes. */
  | { readonly kind: 'undecipherable'; readonly address: string; readonly reason: SecretDrop }
  /** Two members bear one name. */
  | { readonly kind: 'nameConflict'; readonly name: string; readonly addresses: readonly string[] }
  /** Datagrams of that many bytes are lost, small ones are not. */
  | { readonly kind: 'mtuTooSmall'; readonly address: string; readonly bytes: number }

/** One datagram that cannot be read may be damaged: it takes two, this far apart. */
const UNREADABLE_FOR_MS = 1000
/** Longer than between two rounds of a joiner that is patient. */
const UNREADABLE_HOLD_MS = 30_000
/** Senders, honest or not, cannot fill the memory. */
const MOST_HEARD = 10_000
const MOST_EVIDENCE = 256

export class Findings {
  /** By address: when something that can be read came from there last. */
  readonly #heard = new Map<string, number>()
  readonly #unreadable = new Evidence<{ readonly ip: Uint8Array; readonly reason: SecretDrop }>()
  readonly #udpLost = new Evidence<Uint8Array>()
  readonly #conflicts = new Evidence<readonly Uint8Array[]>()

  /** Something from there can be read. */
  heard(ip: Uint8Array, now: number): void {
    const key = keyOf(ip)
    this.#unreadable.clear(key)
    // In order of last hearing, so that the first is the one to forget.
    this.#heard.delete(key)
    this.#heard.set(key, now)
    dropOldest(this.#heard, MOST_HEARD)
  }

  heardAt(ip: Uint8Array): number | undefined {
    return this.#heard.get(keyOf(ip))
  }

  /** Something from there was of no use. */
  dropped(ip: Uint8Array, reason: PacketDrop | StreamDrop, now: number): void {
    const secret = SECRET_DROPS.find((it) => it === reason)
    if (!secret) return
    this.#unreadable.note(keyOf(ip), { ip, reason: secret }, now, UNREADABLE_HOLD_MS)
  }

  udpLost(ip: Uint8Array, now: number, holdMs: number): void {
    this.#udpLost.note(keyOf(ip), ip, now, holdMs)
  }

  /** A ping was answered from there by UDP. */
  acked(ip: Uint8Array): void {
    this.#udpLost.clear(keyOf(ip))
  }

  conflict(name: string, ips: readonly Uint8Array[], now: number, holdMs: number): void {
    this.#conflicts.note(name, ips, now, holdMs)
  }

  list(now: number): Finding[] {
    const unreadable = this.#unreadable
      .current(now)
      .filter(({ since, at }) => at - since >= UNREADABLE_FOR_MS)
    return [
      ...unreadable.map(({ what: { ip, reason } }) => {
        return { kind: 'undecipherable', address: textOfIp(ip), reason } as const
      }),
      ...this.#udpLost.current(now).map(({ what }) => {
        return { kind: 'udpLost', address: textOfIp(what) } as const
      }),
      ...this.#conflicts.current(now).map(({ key, what }) => {
        return { kind: 'nameConflict', name: key, addresses: what.map(textOfIp).sort() } as const
      }),
    ]
  }
}

interface Seen<T> {
  readonly key: string
  readonly what: T
  /** First and last seen without a gap. */
  readonly since: number
  readonly at: number
  /** Unless it is seen again. */
  readonly until: number
}

class Evidence<T> {
  readonly #seen = new Map<string, Seen<T>>()

  note(key: string, what: T, now: number, holdMs: number): void {
    const before = this.#seen.get(key)
    const since = before && before.until >= now ? before.since : now
    this.#seen.delete(key)
    this.#seen.set(key, { key, what, since, at: now, until: now + holdMs })
    dropOldest(this.#seen, MOST_EVIDENCE)
  }

  clear(key: string): void {
    if (this.#seen.size > 0) this.#seen.delete(key)
  }

  current(now: number): Seen<T>[] {
    for (const [key, { until }] of this.#seen) if (until < now) this.#seen.delete(key)
    return [...this.#seen.values()]
  }
}

const keyOf = (ip: Uint8Array): string => ip.join('.')

/** Looks for the oldest only where it must: a Map passes over what was deleted before it one by one. */
function dropOldest(map: Map<string, unknown>, most: number): void {
  if (map.size <= most) return
  const [oldest] = map.keys()
  if (oldest !== undefined) map.delete(oldest)
}
