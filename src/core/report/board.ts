/** Objects of the API in, what changed on the dashboard out. Objects only: no speaker is asked. */
import { ALLOCATED_FROM_POOL } from '../config/annotations.ts'
import { EXCLUDE_LABEL } from '../election/candidacy.ts'
import { isOurs } from './allocation.ts'
import { BoardMoves } from './board-moves.ts'
import { parseBoardObject } from './board-objects.ts'
import type { BoardKind, BoardObject } from './board-objects.ts'
import { BoardProblems } from './board-problems.ts'
import { PARTS, applyDelta, emptyBoard } from './board-state.ts'
import { BoardSuspects } from './board-suspects.ts'
import type { BoardDelta, BoardNode, BoardService, BoardState } from './board-state.ts'
import { snapshotOf } from './snapshot.ts'
import type { Snapshot } from './snapshot.ts'

/** More are not remembered: an event storm must not fill the memory. */
const MAX_EVENTS = 10_000

type Objects = { readonly [K in BoardKind]: Map<string, BoardObject<K>> }

export interface BoardOptions {
  /** Where MetalLB's objects are. */
  readonly namespace: string
  /** Only Services of this class are shown; absent: those without. */
  readonly loadBalancerClass: string | undefined
}

export class Board {
  /** As of the last `delta`. */
  readonly state: BoardState = emptyBoard()
  readonly #options: BoardOptions
  readonly #objects: Objects = {
    node: new Map(),
    namespace: new Map(),
    pod: new Map(),
    service: new Map(),
    endpointSlice: new Map(),
    announcement: new Map(),
    pool: new Map(),
    advertisement: new Map(),
    configuration: new Map(),
    event: new Map(),
  }
  #unseen: Snapshot['unseen'] = {}
  readonly #moves = new BoardMoves()
  readonly #problems = new BoardProblems()
  readonly #suspects = new BoardSuspects()
  /** Service → its statuses, by key. */
  readonly #statuses = new Map<string, Map<string, BoardObject<'announcement'>>>()

  constructor(options: BoardOptions) {
    this.#options = options
  }

  /** Why a part of the snapshot is not seen, where it is not. */
  set unseen(unseen: Snapshot['unseen']) {
    if (JSON.stringify(unseen) !== JSON.stringify(this.#unseen)) this.#problems.changed()
    this.#unseen = unseen
  }

  put(kind: BoardKind, key: string, object: unknown): void {
    const parsed = parseBoardObject(kind, object)
    if (!parsed) return this.remove(kind, key)
    this.#problems.changed()
    const objects = this.#objects[kind] as Map<string, typeof parsed>
    objects.delete(key)
    objects.set(key, parsed)
    if (kind === 'announcement') this.#announced(key, parsed as BoardObject<'announcement'>)
    if (kind !== 'event') return
    const event = parsed as BoardObject<'event'>
    this.#moves.told(event, this.#addressesOf(event.service))
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
    if (this.#objects[kind].delete(key)) this.#problems.changed()
  }

  /** What changed since the last call; undefined: nothing. Changes `state`. */
  delta(now: number): BoardDelta | undefined {
    const { node, service, pool } = this.#objects
    const flags = { ignoreExcludeLabel: false, ...this.#options }
    const services = [...service.values()].filter((it) => isOurs({ flags }, it))
    const suspects = this.#suspects.lasting(this.#suspicious(services), now)
    const wanted = {
      nodes: new Map([...node.values()].map((it) => [it.name, this.#node(it)])),
      services: new Map(services.map((it) => [it.key, this.#service(it)])),
      pools: new Map([...pool.values()].map(({ drawn }) => [drawn.name, drawn])),
      moves: this.#moves.all,
      problems: this.#problems.at(now, suspects, () => this.#snapshot(now)),
    }
    const delta: Record<string, object> = {}
    for (const part of PARTS) {
      const changed = difference(this.state[part], wanted[part])
      if (changed) delta[part] = changed
    }
    if (Object.keys(delta).length === 0) return undefined
    applyDelta(this.state, delta)
    return delta
  }

  /** True where time alone may change something. */
  get waiting(): boolean {
    return this.#problems.waiting || this.#suspects.waiting
  }

  /** Services that lack something, or of which a warning was told: their number is what a look costs. */
  #suspicious(services: readonly BoardObject<'service'>[]): string[] {
    const { pod, endpointSlice, event } = this.#objects
    const speakers = [...pod.values()].filter(({ component }) => component === 'speaker')
    const speaks = new Set(speakers.filter(({ ready }) => ready).map(({ node }) => node))
    const serving = new Set(
      [...endpointSlice.values()]
        .filter(({ endpoints }) => endpoints.some((it) => it.serving))
        .map(({ service }) => service),
    )
    const warned = new Set(
      [...event.values()].filter(({ type }) => type === 'Warning').map(({ service }) => service),
    )
    const isWell = ({ key, ingress }: BoardObject<'service'>) => {
      const [status, other] = this.#statuses.get(key)?.values() ?? []
      return (
        ingress.length > 0 &&
        status !== undefined &&
        other === undefined &&
        speaks.has(status.node) &&
        (serving.has(key) || this.#unseen.endpointSlices !== undefined) &&
        !warned.has(key)
      )
    }
    return services.filter((it) => !isWell(it)).map(({ key }) => key)
  }

  #snapshot(now: number): Snapshot {
    const all = <K extends BoardKind>(kind: K): BoardObject<K>[] => [
      ...(this.#objects[kind] as ReadonlyMap<string, BoardObject<K>>).values(),
    ]
    const { namespace, loadBalancerClass } = this.#options
    const snapshot = snapshotOf({
      namespace,
      at: now,
      unseen: this.#unseen,
      services: all('service'),
      endpointSlices: all('endpointSlice'),
      nodes: all('node'),
      namespaces: all('namespace'),
      pods: all('pod'),
      poolObjects: all('pool').map(({ object }) => object),
      l2AdvertisementObjects: all('advertisement').map(({ object }) => object),
      l2Statuses: all('announcement'),
      configurationStates: all('configuration'),
      events: all('event'),
      views: [],
    })
    return { ...snapshot, flags: { ...snapshot.flags, loadBalancerClass } }
  }

  #announced(key: string, it: BoardObject<'announcement'>): void {
    const statuses = this.#statuses.get(it.service) ?? new Map<string, typeof it>()
    this.#statuses.set(it.service, statuses.set(key, it))
    this.#moves.heard(it, this.#addressesOf(it.service))
  }

  #addressesOf(service: string): readonly string[] {
    return this.#objects.service.get(service)?.ingress ?? []
  }

  #node({ name, ready, labels }: BoardObject<'node'>): BoardNode {
    let speaker: BoardNode['speaker'] = 'none'
    for (const pod of this.#objects.pod.values()) {
      if (pod.component !== 'speaker' || pod.node !== name) continue
      // A pod that is being replaced stands beside its successor.
      if (speaker !== 'ready') speaker = pod.ready ? 'ready' : 'not ready'
    }
    return { name, ready, speaker, excluded: Object.hasOwn(labels, EXCLUDE_LABEL) }
  }

  #service({ key, ingress: addresses, annotations }: BoardObject<'service'>): BoardService {
    const pool = annotations[ALLOCATED_FROM_POOL]
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
}

const startOf = ({ since, created }: BoardObject<'announcement'>): string => since ?? created

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
