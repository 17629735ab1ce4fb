/**
 * Keeps the ConfigurationState of one component as the component last said. Where somebody deletes or
 * changes it, it is made again.
 */
import { configurationStatus } from '../../core/config/configuration-report.ts'
import type { ConfigurationStatus } from '../../core/config/configuration-report.ts'
import type { Problem } from '../../core/config/model.ts'
import { canonical } from '../../core/config/problems.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Cluster, Followed, KubeObject } from '../../ports/cluster.ts'
import type { Log } from '../../ports/log.ts'
import { Settler } from '../settler.ts'
import { Trouble } from '../trouble.ts'
import { CONFIGURATION_STATES, PODS } from '../../ports/resources.ts'

export interface StateOptions {
  readonly namespace: string
  /** `controller`, `speaker-<node>`. */
  readonly name: string
  /** MetalLB's labels `metallb.io/…`. */
  readonly labels: Readonly<Record<string, string>>
  /** Type of the condition. */
  readonly condition: string
  readonly fieldManager: string
  /** This pod: the object goes with it. '' where not known. */
  readonly pod: string
}

/** As MetalLB names them. */
export const controllerState = (namespace: string, pod: string): StateOptions => ({
  namespace,
  name: 'controller',
  labels: { 'metallb.io/component-type': 'controller' },
  condition: 'poolReconcilerValid',
  fieldManager: 'poolReconciler',
  pod,
})

export const speakerState = (namespace: string, node: string, pod: string): StateOptions => ({
  namespace,
  name: `speaker-${node}`,
  labels: { 'metallb.io/component-type': 'speaker', 'metallb.io/node-name': node },
  condition: 'configReconcilerValid',
  fieldManager: 'configReconciler',
  pod,
})

export class ConfigurationStateWriter {
  readonly #cluster: Cluster
  readonly #options: StateOptions
  readonly #settler: Settler
  readonly #followed: Followed
  #problems: readonly Problem[] | undefined
  #owner: string | undefined

  constructor(
    cluster: Cluster,
    clock: Clock,
    log: Log,
    options: StateOptions,
    signal: AbortSignal,
  ) {
    this.#cluster = cluster
    this.#options = options
    const trouble = new Trouble(
      clock,
      log,
      'configuration-state-not-written',
      'configuration-state-written-again',
    )
    this.#settler = new Settler({ clock, trouble, signal }, () => this.#write(this.#problems ?? []))
    const { namespace, name } = options
    this.#followed = cluster.follow(
      CONFIGURATION_STATES,
      { namespace, fieldSelector: `metadata.name=${name}` },
      () => this.#touch(),
      signal,
    )
  }

  /** Undefined: the configuration is in use as it is. */
  set(problems: readonly Problem[] | undefined): void {
    this.#problems = problems ?? []
    this.#touch()
  }

  #touch(): void {
    if (this.#problems !== undefined && this.#followed.synced) this.#settler.touch()
  }

  async #write(problems: readonly Problem[]): Promise<void> {
    const { namespace, name, labels, condition, fieldManager: applyAs } = this.#options
    const known = this.#followed.objects.get(`${namespace}/${name}`)
    const before = known?.['status'] as ConfigurationStatus | undefined
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
    const status = configurationStatus(condition, problems, before, now)
    const owner = await this.#ownUid()
    const owned = owner === undefined || ownersOf(known).includes(owner)
    if (known && owned && sameStatus(before, status)) return
    const ref = { namespace, name }
    if (!known || !owned) {
      const ownerReferences =
        owner === undefined
          ? []
          : [{ apiVersion: 'v1', kind: 'Pod', name: this.#options.pod, uid: owner }]
      const metadata = { name, namespace, labels, ownerReferences }
      await this.#cluster.patch(CONFIGURATION_STATES, ref, { metadata }, { applyAs })
    }
    const options = { applyAs, subresource: 'status' } as const
    await this.#cluster.patch(CONFIGURATION_STATES, ref, { status }, options)
  }

  async #ownUid(): Promise<string | undefined> {
    const { namespace, pod } = this.#options
    if (pod === '') return undefined
    this.#owner ??= (await this.#cluster.get(PODS, { namespace, name: pod })).metadata.uid
    return this.#owner
  }
}

/** An empty text may be left out by whoever stored it. */
function sameStatus(a: ConfigurationStatus | undefined, b: ConfigurationStatus): boolean {
  return a !== undefined && canonical({ errorSummary: '', ...a }) === canonical(b)
}

const ownersOf = (object: KubeObject | undefined): (string | undefined)[] =>
  (object?.metadata.ownerReferences ?? []).map((owner) => (owner as { uid?: string }).uid)
