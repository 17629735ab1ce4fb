/**
 * Keeps the webhooks' certificates in a Secret that all replicas share: whoever comes first makes
 * them, the others read them. Made anew before they end, or where somebody spoilt them.
 */
import { Settler } from '../adapters/settler.ts'
import { Trouble } from '../adapters/trouble.ts'
import type { Clock } from '../ports/clock.ts'
import { ApiError } from '../ports/cluster.ts'
import type { Cluster, Followed, KubeObject } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { SECRETS } from '../ports/resources.ts'
import { SECRET_KEYS, judge, renew } from './certificates.ts'
import type { Certificates } from './certificates.ts'
import type { Owner } from './owner.ts'

/** How often it is looked whether they end soon. */
const CHECK_MS = 12 * 3_600_000

export interface WebhookSecretOptions {
  readonly namespace: string
  readonly secret: string
  /** DNS names of the webhooks. */
  readonly names: readonly string[]
  /** The wall clock: certificates are about it. */
  readonly today: () => Date
  /** Whose the Secret is where it is made. One that is there keeps its owner: MetalLB's manifest brings one. */
  readonly owner: Pick<Owner, 'references'>
}

export class WebhookSecret {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #log: Log
  readonly #options: WebhookSecretOptions
  readonly #take: (certificates: Certificates) => void
  readonly #signal: AbortSignal
  readonly #followed: Followed
  readonly #settler: Settler
  #taken = ''

  /** `take` is called with good certificates, first and whenever they have changed. */
  constructor(
    cluster: Cluster,
    clock: Clock,
    log: Log,
    options: WebhookSecretOptions,
    take: (certificates: Certificates) => void,
    signal: AbortSignal,
  ) {
    this.#cluster = cluster
    this.#clock = clock
    this.#log = log.child({ secret: options.secret })
    this.#options = options
    this.#take = take
    this.#signal = signal
    const trouble = new Trouble(
      clock,
      this.#log,
      'certificates-not-kept',
      'certificates-kept-again',
    )
    this.#settler = new Settler({ clock, trouble, signal }, () => this.#settle())
    const { namespace, secret } = options
    const scope = { namespace, fieldSelector: `metadata.name=${secret}` }
    this.#followed = cluster.follow(
      SECRETS,
      scope,
      (_, { synced }) => {
        if (synced) this.#settler.touch()
      },
      signal,
    )
    this.#checkAgain()
  }

  #checkAgain(): void {
    const timer = this.#clock.after(CHECK_MS, () => {
      this.#settler.touch()
      this.#checkAgain()
    })
    this.#signal.addEventListener('abort', () => timer.cancel(), { once: true })
  }

  async #settle(): Promise<void> {
    const { namespace, secret, names, today } = this.#options
    const object = this.#followed.objects.get(`${namespace}/${secret}`)
    const found = object && certificatesOf(object)
    const verdict = found ? judge(found, names, today()) : 'renew all'
    if (found && verdict === 'good') return this.#use(found)
    const made = await renew(verdict === 'good' ? 'renew all' : verdict, found, names, today())
    try {
      await this.#write(object, made)
    } catch (error) {
      // Another replica was faster: the watch brings what it wrote.
      if (error instanceof ApiError && error.status === 409) return
      throw error
    }
    this.#log.info('certificates-made', { why: object ? verdict : 'no secret', names })
    this.#use(made)
  }

  async #write(object: KubeObject | undefined, made: Certificates): Promise<void> {
    const { namespace, secret: name, owner } = this.#options
    const data = dataOf(made)
    if (!object) {
      await this.#cluster.create(SECRETS, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { namespace, name, ownerReferences: await owner.references() },
        data,
      })
      return
    }
    const known = object['data'] ?? {}
    await this.#cluster.update(SECRETS, {
      ...object,
      apiVersion: 'v1',
      kind: 'Secret',
      data: { ...known, ...data },
    })
  }

  #use(certificates: Certificates): void {
    const text = JSON.stringify(certificates)
    if (text === this.#taken) return
    this.#taken = text
    this.#take(certificates)
  }
}

function certificatesOf(object: KubeObject): Certificates | undefined {
  const data = (object['data'] ?? {}) as Readonly<Record<string, string>>
  const pair = ({ cert, key }: { cert: string; key: string }) => ({
    cert: decode(data[cert]),
    key: decode(data[key]),
  })
  const { authority, server } = SECRET_KEYS
  return data[authority.cert] ? { authority: pair(authority), server: pair(server) } : undefined
}

const decode = (text = ''): string => Buffer.from(text, 'base64').toString()
const encode = (text: string): string => Buffer.from(text).toString('base64')

const dataOf = ({ authority, server }: Certificates): Readonly<Record<string, string>> => ({
  [SECRET_KEYS.authority.cert]: encode(authority.cert),
  [SECRET_KEYS.authority.key]: encode(authority.key),
  [SECRET_KEYS.server.cert]: encode(server.cert),
  [SECRET_KEYS.server.key]: encode(server.key),
})
