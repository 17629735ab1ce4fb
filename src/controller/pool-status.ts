/** Keeps the status of IPAddressPools: how many addresses are assigned and how many are free. */
import { Trouble } from '../adapters/trouble.ts'
import type { Allocator, PoolUsage } from '../core/pool/allocator.ts'
import type { Clock } from '../ports/clock.ts'
import { ApiError, retryMs } from '../ports/cluster.ts'
import type { Cluster, KubeObject } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { IP_ADDRESS_POOLS } from '../ports/resources.ts'

/** Addresses come and go in bursts: the counts are written at most this often. */
const PAUSE_MS = 200
const RETRY_MS = 2000

/** The largest int64 that a JavaScript number can stand for. */
const MOST = 2n ** 63n - 1024n

type Counts = Readonly<
  Record<'assignedIPv4' | 'assignedIPv6' | 'availableIPv4' | 'availableIPv6', number>
>

export class PoolStatusWriter {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #trouble: Trouble
  readonly #namespace: string
  readonly #wanted = new Map<string, Counts>()
  /** What was written last, so that nothing is written twice while the watch is on its way. */
  readonly #written = new Map<string, string>()
  #scheduled = false
  #writing = Promise.resolve()
  #closed = false

  constructor(cluster: Cluster, clock: Clock, log: Log, namespace: string) {
    this.#cluster = cluster
    this.#clock = clock
    this.#trouble = new Trouble(clock, log, 'pool-status-not-written', 'pool-status-written-again')
    this.#namespace = namespace
  }

  /** `objects`: IPAddressPools by `namespace/name`. */
  want(allocator: Allocator, objects: ReadonlyMap<string, KubeObject>): void {
    this.#wanted.clear()
    for (const [name, usage] of allocator.usage()) {
      const counts = countsOf(usage)
      const text = JSON.stringify(counts)
      const status = (objects.get(`${this.#namespace}/${name}`)?.['status'] ??
        {}) as Partial<Counts>
      const said = Object.entries(counts).every(([key, n]) => status[key as keyof Counts] === n)
      if (said) this.#written.set(name, text)
      else if (this.#written.get(name) !== text) this.#wanted.set(name, counts)
    }
    if (this.#wanted.size > 0) this.#schedule(PAUSE_MS)
  }

  /** Begins no write any more; resolves when the one under way is done. */
  close(): Promise<void> {
    this.#closed = true
    return this.#writing
  }

  #schedule(ms: number): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    this.#clock.after(ms, () => {
      this.#scheduled = false
      if (!this.#closed) this.#writing = this.#write()
    })
  }

  async #write(): Promise<void> {
    for (const [name, counts] of [...this.#wanted]) {
      if (this.#closed) return
      this.#wanted.delete(name)
      const ref = { namespace: this.#namespace, name }
      try {
        await this.#cluster.patch(
          IP_ADDRESS_POOLS,
          ref,
          { status: counts },
          { subresource: 'status' },
        )
        this.#written.set(name, JSON.stringify(counts))
        this.#trouble.over(name)
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) {
          this.#trouble.over(name)
          continue
        }
        if (this.#closed) return
        this.#trouble.happened({ pool: name, error }, name)
        if (!this.#wanted.has(name)) this.#wanted.set(name, counts)
        return this.#schedule(retryMs(error, RETRY_MS))
      }
    }
  }
}

function countsOf({ assigned, available }: PoolUsage): Counts {
  const clamp = (count: bigint) => Number(count > MOST ? MOST : count)
  return {
    assignedIPv4: assigned[4],
    assignedIPv6: assigned[6],
    availableIPv4: clamp(available[4]),
    availableIPv6: clamp(available[6]),
  }
}
