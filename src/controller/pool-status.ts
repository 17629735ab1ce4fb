/** Keeps the status of IPAddressPools: counts, and what their annotations ask for. */
import { isDeepStrictEqual } from 'node:util'
import { Trouble } from '../adapters/trouble.ts'
import type { Clock } from '../ports/clock.ts'
import { ApiError, retryMs } from '../ports/cluster.ts'
import type { Cluster, KubeObject } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { IP_ADDRESS_POOLS } from '../ports/resources.ts'
import { statusOf } from './pool-report.ts'
import type { PoolReport, Reports } from './pool-report.ts'

/** Addresses come and go in bursts: the status is written at most this often. */
const PAUSE_MS = 200
const RETRY_MS = 2000

export class PoolStatusWriter {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #trouble: Trouble
  readonly #namespace: string
  /** What was written last, so that nothing is written twice while the watch is on its way. */
  readonly #written = new Map<
    string,
    { readonly uid: string | undefined; readonly report: PoolReport }
  >()
  #wanted:
    { readonly reports: Reports; readonly objects: ReadonlyMap<string, KubeObject> } | undefined
  #busy = false
  #writing = Promise.resolve()
  #closed = false

  constructor(cluster: Cluster, clock: Clock, log: Log, namespace: string) {
    this.#cluster = cluster
    this.#clock = clock
    this.#trouble = new Trouble(clock, log, 'pool-status-not-written', 'pool-status-written-again')
    this.#namespace = namespace
  }

  /** Something may have changed. `objects`: IPAddressPools by `namespace/name`. */
  want(reports: Reports, objects: ReadonlyMap<string, KubeObject>): void {
    this.#wanted = { reports, objects }
    this.#start(PAUSE_MS)
  }

  /** Begins no write any more; resolves when the one under way is done. */
  close(): Promise<void> {
    this.#closed = true
    return this.#writing
  }

  #start(ms: number): void {
    if (this.#busy || this.#closed) return
    this.#busy = true
    this.#clock.after(ms, () => {
      this.#writing = this.#write()
    })
  }

  async #write(): Promise<void> {
    const wanted = this.#wanted
    this.#wanted = undefined
    let laterMs = 0
    for (const [name, report] of wanted?.reports() ?? []) {
      const object = wanted?.objects.get(`${this.#namespace}/${name}`)
      if (this.#closed) return
      if (object && !this.#says(name, object, report)) {
        laterMs = Math.max(laterMs, await this.#writeOne(name, object, report))
      }
    }
    this.#busy = false
    if (laterMs > 0) this.#wanted ??= wanted
    if (this.#wanted) this.#start(Math.max(laterMs, PAUSE_MS))
  }

  #says(name: string, object: KubeObject, report: PoolReport): boolean {
    const written = { uid: object.metadata.uid, report }
    if (isDeepStrictEqual(this.#written.get(name), written)) return true
    const { conditions = [], ...status } = statusOf(object)
    const condition = conditions.find(({ type }) => type === report.condition?.type)
    const { lastTransitionTime: _, ...said } = condition ?? {}
    const now = { ...status, ...(condition && { condition: said }) }
    const same = isDeepStrictEqual(now, report) && conditions.length === (condition ? 1 : 0)
    if (same) this.#written.set(name, written)
    return same
  }

  /** In how many ms it is to be tried again; 0: it is not. */
  async #writeOne(name: string, object: KubeObject, report: PoolReport): Promise<number> {
    try {
      const ref = { namespace: this.#namespace, name }
      const status = patchOf(object, report)
      await this.#cluster.patch(IP_ADDRESS_POOLS, ref, { status }, { subresource: 'status' })
      this.#written.set(name, { uid: object.metadata.uid, report })
    } catch (error) {
      this.#written.delete(name)
      if (this.#closed) return 0
      if (!(error instanceof ApiError && error.status === 404)) {
        this.#trouble.happened({ pool: name, error }, name)
        return retryMs(error, RETRY_MS)
      }
    }
    this.#trouble.over(name)
    return 0
  }
}

/** A merge patch: what is off now is taken away. */
function patchOf(object: KubeObject, { condition, ...report }: PoolReport): object {
  const before = statusOf(object).conditions?.find(({ type }) => type === condition?.type)
  const lastTransitionTime =
    before && before.status === condition?.status
      ? before.lastTransitionTime
      : new Date().toISOString()
  return {
    holders: null,
    holdersOmitted: null,
    kept: null,
    ...report,
    conditions: condition ? [{ ...condition, lastTransitionTime }] : null,
  }
}
