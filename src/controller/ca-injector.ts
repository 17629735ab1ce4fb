/**
 * Puts the certificate authority where the API server looks for it: into each webhook of the
 * ValidatingWebhookConfiguration, and into the conversion of the BGPPeer definition. Where somebody
 * overwrites it, for one by applying a manifest, it is put back.
 */
import { Settler } from '../adapters/settler.ts'
import { Trouble } from '../adapters/trouble.ts'
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

interface ClientConfig {
  readonly caBundle?: string
}
interface Webhook {
  readonly clientConfig: ClientConfig
}

export class CaInjector {
  readonly #cluster: Cluster
  readonly #log: Log
  readonly #settler: Settler
  readonly #configuration: Followed
  readonly #definition: Followed
  /** Base64 of PEM. */
  #bundle: string | undefined

  constructor(cluster: Cluster, clock: Clock, log: Log, signal: AbortSignal) {
    this.#cluster = cluster
    this.#log = log
    const trouble = new Trouble(clock, log, 'ca-not-injected', 'ca-injected-again')
    this.#settler = new Settler({ clock, trouble, signal }, () => this.#inject())
    const follow = (resource: Resource, name: string) =>
      cluster.follow(
        resource,
        { fieldSelector: `metadata.name=${name}` },
        () => this.#settler.touch(),
        signal,
      )
    this.#configuration = follow(VALIDATING_WEBHOOK_CONFIGURATIONS, WEBHOOK_CONFIGURATION)
    this.#definition = follow(CUSTOM_RESOURCE_DEFINITIONS, CONVERTED_DEFINITION)
  }

  /** `authority`: PEM, of one certificate or several. */
  use(authority: string): void {
    this.#bundle = Buffer.from(authority).toString('base64')
    this.#settler.touch()
  }

  async #inject(): Promise<void> {
    const caBundle = this.#bundle
    if (caBundle === undefined) return
    const configuration = this.#configuration.objects.get(WEBHOOK_CONFIGURATION)
    const definition = this.#definition.objects.get(CONVERTED_DEFINITION)
    try {
      if (configuration) await this.#injectWebhooks(configuration, caBundle)
      if (definition) await this.#injectConversion(definition, caBundle)
    } catch (error) {
      // Somebody else wrote: the watch tells what, and that begins anew.
      if (!(error instanceof ApiError && error.status === 409)) throw error
    }
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
