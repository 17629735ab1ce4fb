/** What the dashboard shows, and how a change of it travels. The page and the controller share this. */

export interface BoardNode {
  readonly name: string
  readonly ready: boolean
  readonly speaker: 'ready' | 'not ready' | 'none'
  /** Kept from announcing by node.kubernetes.io/exclude-from-external-load-balancers. */
  readonly excluded: boolean
}

export interface BoardService {
  /** namespace/name. */
  readonly key: string
  /** None: it waits for one. */
  readonly addresses: readonly string[]
  readonly pool?: string
  /** Who announces it; absent: nobody does. */
  readonly owner?: BoardOwner
}

export interface BoardOwner {
  readonly node: string
  /** None: all that qualify. */
  readonly interfaces: readonly string[]
  /** RFC 3339. */
  readonly since?: string
  readonly why?: string
}

export interface BoardPool {
  readonly name: string
  readonly ranges: readonly string[]
  /** For people: `12`, `1.8e19`. Absent before the controller has counted. */
  readonly usage?: { readonly used: string; readonly free: string; readonly total: string }
  /** Of its addresses, those in use: 0 to 1. */
  readonly share: number
  readonly autoAssign: boolean
}

/** An address went from one node to another. */
export interface BoardMove {
  readonly service: string
  readonly addresses: readonly string[]
  readonly from?: string
  readonly to: string
  /** RFC 3339. */
  readonly at: string
  /** As in ServiceL2Status: `nodeGone`, `handover`, …; `unknown` where the speaker tells none. */
  readonly cause: string
  /** Longest time nobody can have answered, as the speaker measured it. */
  readonly outageMs?: number
}

/** As the other reports have it (problems.ts). */
export interface BoardProblem {
  /** `broken`: something does not work. `warn`: it may soon not, or not in all places. */
  readonly severity: 'broken' | 'warn'
  /** The object to fix: `Service/default/nginx`. */
  readonly object: string
  readonly reason: string
  /** The one thing to do. */
  readonly remedy: string
  /** Which Services suffer by it. */
  readonly hits?: string
}

/** Everything by key, so that a change is the keys that changed. */
export interface BoardState {
  readonly nodes: Record<string, BoardNode>
  readonly services: Record<string, BoardService>
  readonly pools: Record<string, BoardPool>
  readonly moves: Record<string, BoardMove>
  readonly problems: Record<string, BoardProblem>
}

/** null: it is gone. A part that is absent did not change. */
export type BoardDelta = {
  readonly [part in keyof BoardState]?: Readonly<Record<string, BoardState[part][string] | null>>
}

export const PARTS = ['nodes', 'services', 'pools', 'moves', 'problems'] as const

export const emptyBoard = (): BoardState => ({
  nodes: {},
  services: {},
  pools: {},
  moves: {},
  problems: {},
})

/** Changes `state`. */
export function applyDelta(state: BoardState, delta: BoardDelta): void {
  for (const part of PARTS) {
    const target: Record<string, unknown> = state[part]
    for (const [key, value] of Object.entries(delta[part] ?? {})) {
      if (value === null) delete target[key]
      else target[key] = value
    }
  }
}
