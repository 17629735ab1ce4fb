/**
 * What stands between us and the API server, told once: that it is away, once for all kinds that are
 * followed; that it refuses one of them, once for that one.
 */
import type { Clock } from '../../ports/clock.ts'
import { ApiError } from '../../ports/cluster.ts'
import type { Log } from '../../ports/log.ts'
import { Trouble } from '../trouble.ts'

export class ApiTrouble {
  readonly #clock: Clock
  readonly #log: Log
  readonly #away: Trouble
  readonly #refused = new Map<string, Trouble>()

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
    this.#away = new Trouble(clock, log, 'api-away', 'api-back')
  }

  /** `resource`: plural. A version that is too old (410) is no trouble: it is listed again. */
  failed(resource: string, error: unknown): void {
    const status = error instanceof ApiError ? error.status : 0
    const message = error instanceof Error ? error.message : String(error)
    if (status === 410) return
    if (REMEDIES[status]) {
      this.#away.over(resource)
      const trouble = this.#refused.get(resource) ?? this.#refusal(resource)
      this.#refused.set(resource, trouble)
      return trouble.happened({ error: message, remedy: REMEDIES[status] })
    }
    this.#away.happened({ resource, error: message }, resource)
  }

  well(resource: string): void {
    this.#away.over(resource)
    this.#refused.get(resource)?.over()
  }

  #refusal(resource: string): Trouble {
    const log = this.#log.child({ resource })
    return new Trouble(this.#clock, log, 'api-refused', 'api-allowed-again')
  }
}

const RBAC = 'apply the roles of manifests/bellwether.yaml'

const REMEDIES: Readonly<Record<number, string>> = {
  401: 'the token of the service account is not accepted: restart the pod',
  403: RBAC,
  404: 'apply the CustomResourceDefinitions of manifests/bellwether.yaml',
}
