/** Objects of the API in, what changed on the dashboard out. Objects only: no speaker is asked. */
import { BoardMoves } from './board-moves.ts'
import { parseBoardObject } from './board-objects.ts'
import type { BoardKind, BoardObject } from './board-objects.ts'
import { boardProblems } from './board-problems.ts'
import { PARTS, applyDelta, emptyBoard } from './board-state.ts'
import type { BoardDelta, BoardNode, BoardService, BoardState } from './board-state.ts'

/** More are not remembered: an event storm must not fill the memory. */
const MAX_EVENTS = 1000

type Objects = { readonly [K in BoardKind]: Map<string, BoardObject<K>> }

export class Board {
  /** As of the last `delta`. */
  readonly state: BoardState = emptyBoard()
  readonly #class: string | undefined
  readonly #objects: Objects = {
    node: new Map(),
    pod: new Map(),
    service: new Map(),
    announcement: new Map(),
    pool: new Map(),
    configuration: new Map(),
    event: new Map(),
  }
  readonly #moves = new BoardMoves()
  /** Service → its statuses, by key. */
  readonly #statuses = new Map<string, Map<string, BoardObject<'announcement'>>>()
  readonly #lacking = new Map<string, number>()
  readonly #timeOf: (text: string) => number

  /** `timeOf`: RFC 3339 to ms, NaN where it is none. */
  constructor(loadBalancerClass: string | undefined, timeOf: (text: string) => number) {
    this.#class = loadBalancerClass
    this.#timeOf = timeOf
  }

  put(kind: BoardKind, key: string, object: unknown): void {
    const parsed = parseBoardObject(kind, object)
    if (!parsed) return this.remove(kind, key)
    const objects = this.#objects[kind] as Map<string, typeof parsed>
    objects.delete(key)
    objects.set(key, parsed)
    if (kind === 'announcement') this.#announced(key, parsed as BoardObject<'announcement'>)
    if (kind !== 'event') return
    const oldest = objects.size > MAX_EVENTS ? objects.keys().next().value : undefined
    if (oldest !== undefined) objects.delete(oldest)
  }

  remove(kind: BoardKind, key: string): void {
    if (kind === 'announcement') {
      const before = this.#objects.announcement.get(key)
      const statuses = this.#statuses.get(before?.service ?? '')
      statuses?.delete(key)
      if (statuses?.size === 0) this.#statuses.delete(before?.service ?? '')
    }
    if (kind === 'service') this.#moves.forget(key)
    this.#objects[kind].delete(key)
  }

  /** What changed since the last call; undefined: nothing. Changes `state`. */
  delta(now: number): BoardDelta | undefined {
    const nodes = new Map([...this.#objects.node.values()].map((it) => [it.name, this.#node(it)]))
    const services = new Map<string, BoardService>()
    for (const it of this.#objects.service.values()) {
      if (it.balanced && it.loadBalancerClass === this.#class) {
        services.set(it.key, this.#service(it))
      }
    }
    this.#lack(services, now)
    const pools = new Map(
      [...this.#objects.pool.values()].map(({ warning: _, usage, ...pool }) => [
        pool.name,
        { ...pool, ...(usage && { usage }) },
      ]),
    )
    const problems = boardProblems({
      nodes: nodes.values(),
      services: [...services.values()].map((it) => [it, this.#lacking.get(it.key)] as const),
      pools: this.#objects.pool.values(),
      configurations: this.#objects.configuration.values(),
      events: [...this.#objects.event.values()]
        .filter((it) => it.shown && services.has(it.about))
        .map((it) => ({ ...it, atMs: this.#timeOf(it.at) || 0 })),
      now,
    })
    const wanted = { nodes, services, pools, moves: this.#moves.all, problems }
    const delta: Record<string, object> = {}
    for (const part of PARTS) {
      const changed = difference(this.state[part], wanted[part])
      if (changed) delta[part] = changed
    }
    if (Object.keys(delta).length === 0) return undefined
    applyDelta(this.state, delta)
    return delta
  }

  /** True where time alone may change something: somebody lacks something, or an event grows old. */
  get waiting(): boolean {
    return this.#lacking.size > 0 || Object.values(this.state.problems).some(isEvent)
  }

  #announced(key: string, it: BoardObject<'announcement'>): void {
    const statuses = this.#statuses.get(it.service) ?? new Map<string, typeof it>()
    this.#statuses.set(it.service, statuses.set(key, it))
    this.#moves.heard(it, this.#objects.service.get(it.service)?.addresses ?? [])
  }

  #node({ name, ready, excluded }: BoardObject<'node'>): BoardNode {
    let speaker: BoardNode['speaker'] = 'none'
    for (const pod of this.#objects.pod.values()) {
      // A pod that is being replaced stands beside its successor.
      if (pod.node === name && speaker !== 'ready') speaker = pod.ready ? 'ready' : 'not ready'
    }
    return { name, ready, speaker, excluded }
  }

  #service({ key, addresses, pool }: BoardObject<'service'>): BoardService {
    // While an address moves, the old node's status may stand beside the new one's: the youngest counts.
    let owner: BoardObject<'announcement'> | undefined
    for (const it of this.#statuses.get(key)?.values() ?? []) {
      if (!owner || startOf(it) >= startOf(owner)) owner = it
    }
    if (!owner || addresses.length === 0) return { key, addresses, ...(pool && { pool }) }
    const { node, interfaces, since = owner.created, why } = owner
    return {
      key,
      addresses,
      ...(pool && { pool }),
      owner: { node, interfaces, ...(since && { since }), ...(why && { why }) },
    }
  }

  #lack(services: ReadonlyMap<string, BoardService>, now: number): void {
    for (const key of this.#lacking.keys()) {
      const service = services.get(key)
      if (!service || service.owner) this.#lacking.delete(key)
    }
    for (const [key, { owner }] of services) {
      if (!owner && !this.#lacking.has(key)) this.#lacking.set(key, now)
    }
  }
}

const startOf = ({ since, created }: BoardObject<'announcement'>): string => since ?? created
const isEvent = ({ kind }: { readonly kind: string }): boolean => kind === 'event'

function difference(
  before: Readonly<Record<string, object>>,
  now: ReadonlyMap<string, object>,
): Record<string, object | null> | undefined {
  const changed: Record<string, object | null> = {}
  let any = false
  for (const [key, value] of now) {
    const known = before[key]
    if (known && JSON.stringify(known) === JSON.stringify(value)) continue
    changed[key] = value
    any = true
  }
  for (const key of Object.keys(before)) {
    if (now.has(key)) continue
    changed[key] = null
    any = true
  }
  return any ? changed : undefined
}
