/** Keeps the status of IPAddressPools: counts, and what their annotations ask for. */
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../ports/clock.ts'
import { ApiError } from '../ports/cluster.ts'
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
  readonly #log: Log
  readonly #namespace: string
  /** What was written last, so that nothing is written twice while the watch is on its way. */
  readonly #written = new Map<
    string,
    { readonly uid: string | undefined; readonly report: PoolReport }
  >()
  #wanted:
    { readonly reports: Reports; readonly objects: ReadonlyMap<string, KubeObject> } | undefined
  #busy = false
  #closed = false

  constructor(cluster: Cluster, clock: Clock, log: Log, namespace: string) {
    this.#cluster = cluster
    this.#clock = clock
    this.#log = log
    this.#namespace = namespace
  }

  /** Something may have changed. `objects`: IPAddressPools by `namespace/name`. */
  want(reports: Reports, objects: ReadonlyMap<string, KubeObject>): void {
    this.#wanted = { reports, objects }
    this.#start(PAUSE_MS)
  }

  close(): void {
    this.#closed = true
  }

  #start(ms: number): void {
    if (this.#busy || this.#closed) return
    this.#busy = true
    this.#clock.after(ms, () => void this.#write())
  }

  async #write(): Promise<void> {
    const wanted = this.#wanted
    this.#wanted = undefined
    let failed = false
    for (const [name, report] of wanted?.reports() ?? []) {
      const object = wanted?.objects.get(`${this.#namespace}/${name}`)
      if (this.#closed) return
      if (object && !this.#says(name, object, report)) {
        failed = !(await this.#writeOne(name, object, report)) || failed
      }
    }
    this.#busy = false
    if (failed) this.#wanted ??= wanted
    if (this.#wanted) this.#start(failed ? RETRY_MS : PAUSE_MS)
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

  /** False if it is to be tried again. */
  async #writeOne(name: string, object: KubeObject, report: PoolReport): Promise<boolean> {
    try {
      const ref = { namespace: this.#namespace, name }
      const status = patchOf(object, report)
      await this.#cluster.patch(IP_ADDRESS_POOLS, ref, { status }, { subresource: 'status' })
      this.#written.set(name, { uid: object.metadata.uid, report })
      return true
    } catch (error) {
      this.#written.delete(name)
      if (error instanceof ApiError && error.status === 404) return true
      this.#log.warn('pool-status-not-written', { pool: name, error })
      return false
    }
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
