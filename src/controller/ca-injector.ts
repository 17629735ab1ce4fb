/**
 * Puts the certificate authority where the API server looks for it: into each webhook of the
 * ValidatingWebhookConfiguration, and into the conversion of the BGPPeer definition. Where somebody
 * overwrites it, for one by applying a manifest, it is put back.
 */
import type { Clock } from '../ports/clock.ts'
import { ApiError } from '../ports/cluster.ts'
import type { Cluster, Followed, KubeObject, Resource } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from '../ports/resources.ts'

export const WEBHOOK_CONFIGURATION = 'metallb-webhook-configuration'
export const CONVERTED_DEFINITION = 'bgppeers.metallb.io'

const RETRY_MS = 2000

interface ClientConfig {
  readonly caBundle?: string
}
interface Webhook {
  readonly clientConfig: ClientConfig
}

export class CaInjector {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #log: Log
  readonly #signal: AbortSignal
  readonly #configuration: Followed
  readonly #definition: Followed
  /** Base64 of PEM. */
  #bundle: string | undefined
  #busy = false
  #again = false
  #failing = false

  constructor(cluster: Cluster, clock: Clock, log: Log, signal: AbortSignal) {
    this.#cluster = cluster
    this.#clock = clock
    this.#log = log
    this.#signal = signal
    const follow = (resource: Resource, name: string) =>
      cluster.follow(
        resource,
        { fieldSelector: `metadata.name=${name}` },
        () => this.#touch(),
        signal,
      )
    this.#configuration = follow(VALIDATING_WEBHOOK_CONFIGURATIONS, WEBHOOK_CONFIGURATION)
    this.#definition = follow(CUSTOM_RESOURCE_DEFINITIONS, CONVERTED_DEFINITION)
  }

  /** `authority`: PEM, of one certificate or several. */
  use(authority: string): void {
    this.#bundle = Buffer.from(authority).toString('base64')
    this.#touch()
  }

  #touch(): void {
    if (this.#busy) this.#again = true
    else void this.#settle()
  }

  async #settle(): Promise<void> {
    this.#busy = true
    try {
      do {
        this.#again = false
        if (this.#bundle !== undefined) await this.#inject(this.#bundle)
      } while (this.#again && !this.#signal.aborted)
      this.#failing = false
    } catch (error) {
      if (this.#signal.aborted) return
      // Somebody else wrote: the watch tells what.
      const conflict = error instanceof ApiError && error.status === 409
      if (!conflict && !this.#failing) {
        this.#log.warn('ca-not-injected', { error, retryMs: RETRY_MS })
        this.#failing = true
      }
      this.#clock.after(RETRY_MS, () => this.#signal.aborted || this.#touch())
    } finally {
      this.#busy = false
    }
  }

  async #inject(caBundle: string): Promise<void> {
    const configuration = this.#configuration.objects.get(WEBHOOK_CONFIGURATION)
    if (configuration) await this.#injectWebhooks(configuration, caBundle)
    const definition = this.#definition.objects.get(CONVERTED_DEFINITION)
    if (definition) await this.#injectConversion(definition, caBundle)
  }

  async #injectWebhooks(object: KubeObject, caBundle: string): Promise<void> {
    const webhooks = (object['webhooks'] ?? []) as readonly Webhook[]
    if (webhooks.every(({ clientConfig }) => clientConfig.caBundle === caBundle)) return
    await this.#cluster.update(VALIDATING_WEBHOOK_CONFIGURATIONS, {
      ...object,
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: VALIDATING_WEBHOOK_CONFIGURATIONS.kind,
      webhooks: webhooks.map((webhook) => ({
        ...webhook,
        clientConfig: { ...webhook.clientConfig, caBundle },
      })),
    })
    this.#log.info('ca-injected', { object: WEBHOOK_CONFIGURATION })
  }

  async #injectConversion(object: KubeObject, caBundle: string): Promise<void> {
    const { conversion } = (object['spec'] ?? {}) as {
      conversion?: { strategy?: string; webhook?: { clientConfig?: ClientConfig } }
    }
    if (conversion?.strategy !== 'Webhook') return
    if (conversion.webhook?.clientConfig?.caBundle === caBundle) return
    await this.#cluster.patch(
      CUSTOM_RESOURCE_DEFINITIONS,
      { name: CONVERTED_DEFINITION },
      { spec: { conversion: { webhook: { clientConfig: { caBundle } } } } },
    )
    this.#log.info('ca-injected', { object: CONVERTED_DEFINITION })
  }
}
