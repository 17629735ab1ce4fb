/**
 * The time line: which address went from which node to which, why, and how long nobody answered. The status of
 * an announcement tells of its take-over; of those before it, whose statuses are gone, their events tell.
 */
import { readTakeover } from '../election/takeover.ts'
import type { BoardMove } from './board-state.ts'
import type { BoardObject } from './board-objects.ts'
import { parseTime } from './time.ts'

export const MAX_MOVES = 500
/** The status and the event of one take-over are no further apart. */
const SAME_MS = 10_000
const ASSIGNED = /^announcing from node "([^"]+)" with protocol "layer2": .*; (.*)$/

export class BoardMoves {
  /** By key, in the order they were heard of. */
  readonly #moves = new Map<string, BoardMove>()
  /** Keys of those that only an event tells of. */
  readonly #byEvent = new Set<string>()
  /** Service → who had it last: outlives the status, which goes before its successor comes. */
  readonly #last = new Map<string, string>()

  get all(): ReadonlyMap<string, BoardMove> {
    return this.#moves
  }

  /** A node says that it announces. */
  heard(it: BoardObject<'announcement'>, addresses: readonly string[]): void {
    const before = this.#last.get(it.service)
    this.#last.set(it.service, it.node)
    const from = it.takeover?.from ?? (before === it.node ? undefined : before)
    const { cause = 'unknown', outageMs } = it.takeover ?? {}
    // A first announcement is no fail-over, and without a node before it is none that we know of.
    if (cause === 'first' || (from === undefined && cause === 'unknown')) return
    const at = it.since ?? it.created
    const move = { service: it.service, addresses, to: it.node, at, cause }
    const told = [...this.#byEvent].find((key) => this.#isSame(key, move))
    if (told !== undefined) this.#byEvent.delete(told)
    this.#add(told ?? keyOf(move), {
      ...move,
      ...(from === undefined ? {} : { from }),
      ...(outageMs === undefined ? {} : { outageMs }),
    })
  }

  /** An event: where it tells of a take-over that is not known, that is one. */
  told(event: BoardObject<'event'>, addresses: readonly string[]): void {
    if (event.reason !== 'nodeAssigned') return
    const [, to = '', words = ''] = ASSIGNED.exec(event.message) ?? []
    const takeover = readTakeover(words)
    if (takeover?.from === undefined) return
    const { cause, from, outageMs } = takeover
    const move = { service: event.service, addresses, to, at: event.at, cause, from }
    if ([...this.#moves.keys()].some((key) => this.#isSame(key, move))) return
    this.#byEvent.add(keyOf(move))
    this.#add(keyOf(move), { ...move, ...(outageMs === undefined ? {} : { outageMs }) })
  }

  forget(service: string): void {
    this.#last.delete(service)
  }

  #isSame(key: string, { service, to, at }: BoardMove): boolean {
    const known = this.#moves.get(key)
    if (known?.service !== service || known.to !== to) return false
    return Math.abs((parseTime(known.at) ?? 0) - (parseTime(at) ?? 0)) <= SAME_MS
  }

  #add(key: string, move: BoardMove): void {
    const addresses = this.#moves.get(key)?.addresses ?? []
    this.#moves.set(key, { ...move, addresses: addresses.length > 0 ? addresses : move.addresses })
    if (this.#moves.size <= MAX_MOVES) return
    let oldest: string | undefined
    let at = '~'
    for (const [key, move] of this.#moves) if (move.at < at) [oldest, at] = [key, move.at]
    if (oldest === undefined) return
    this.#moves.delete(oldest)
    this.#byEvent.delete(oldest)
  }
}

const keyOf = ({ service, to, at }: BoardMove): string => `${service} ${to} ${at}`
