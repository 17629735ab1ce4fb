/** The time line: which address went from which node to which, why, and how long nobody answered. */
import type { BoardMove } from './board-state.ts'
import type { BoardObject } from './board-objects.ts'

export const MAX_MOVES = 500

export class BoardMoves {
  /** By key, in the order they were heard of. */
  readonly #moves = new Map<string, BoardMove>()
  /** Service → who had it last: outlives the status, which goes before its successor comes. */
  readonly #last = new Map<string, string>()

  get all(): ReadonlyMap<string, BoardMove> {
    return this.#moves
  }

  /** A node says that it announces; true where that is a move not heard of, or told better now. */
  heard(it: BoardObject<'announcement'>, addresses: readonly string[]): boolean {
    const before = this.#last.get(it.service)
    this.#last.set(it.service, it.node)
    const from = it.takeover?.from ?? (before === it.node ? undefined : before)
    const { cause = 'unknown', outageMs } = it.takeover ?? {}
    // A first announcement is no fail-over, and without a node before it is none that we know of.
    if (cause === 'first' || (from === undefined && cause === 'unknown')) return false
    const at = it.since ?? it.created
    const key = `${it.service} ${it.node} ${at}`
    const known = this.#moves.get(key)
    if (known && known.cause === cause && known.outageMs === outageMs) return false
    this.#moves.set(key, {
      service: it.service,
      addresses: known?.addresses.length ? known.addresses : addresses,
      to: it.node,
      at,
      cause,
      ...(from === undefined ? {} : { from }),
      ...(outageMs === undefined ? {} : { outageMs }),
    })
    this.#bound()
    return true
  }

  forget(service: string): void {
    this.#last.delete(service)
  }

  #bound(): void {
    if (this.#moves.size <= MAX_MOVES) return
    let oldest: string | undefined
    let at = '~'
    for (const [key, move] of this.#moves) if (move.at < at) [oldest, at] = [key, move.at]
    if (oldest !== undefined) this.#moves.delete(oldest)
  }
}
