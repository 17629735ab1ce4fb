/**
 * The webhooks: answers the API server's questions about configuration objects from what is followed
 * of them. Every replica serves them, whichever is the one that gives addresses.
 */
import type { Reply } from '../adapters/https-server.ts'
import type { WarmCache } from '../adapters/warm-cache.ts'
import type { Known } from '../core/admission/admit.ts'
import { answerAdmission, answerConversion } from '../core/admission/review.ts'
import type { Answer } from '../core/admission/review.ts'
import { CONVERT_PATH } from '../core/admission/webhooks.ts'
import type { Clock } from '../ports/clock.ts'
import type { Cluster, FollowScope, Resource } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import {
  BFD_PROFILES,
  BGP_ADVERTISEMENTS,
  BGP_PEERS,
  COMMUNITIES,
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  NODES,
} from '../ports/resources.ts'
import { CaInjector } from './ca-injector.ts'
import type { Owner } from './owner.ts'
import { Door, serveFiles } from './webhook-door.ts'
import type { DoorOptions } from './webhook-door.ts'
import { WebhookSecret } from './webhook-secret.ts'

export interface WebhookOptions extends DoorOptions {
  readonly namespace: string
  /** False: certificates come from the files, and somebody else injects their authority. */
  readonly certRotation: boolean
  readonly certDirectory: string
  readonly certServiceName: string
  readonly webhookSecret: string
}

export interface WebhookDeps {
  readonly cluster: Cluster
  /** So that kinds which a leader follows, too, are followed once. */
  readonly cache: Pick<WarmCache, 'follow'>
  readonly clock: Clock
  readonly log: Log
  readonly owner: Pick<Owner, 'references'>
  readonly options: WebhookOptions
}

export interface Webhooks {
  /** Undefined until there are certificates. */
  port(): number | undefined
  /** What keeps them from being ready, or nothing. */
  notReady(): readonly string[]
}

/** Serves until the signal aborts. */
export function startWebhooks(deps: WebhookDeps, signal: AbortSignal): Webhooks {
  const { cluster, cache, clock, log, options, owner } = deps
  const objects = followAll(cache, options.namespace, signal)
  const door = new Door(options, log, (path, question) => {
    if (!objects.synced()) return refuse(503, 'objects not listed yet')
    return path === CONVERT_PATH
      ? convert(question, log)
      : validate(path, question, objects.known(), options.namespace, log)
  })
  signal.addEventListener('abort', () => door.close(), { once: true })
  if (options.certRotation) {
    const injector = new CaInjector(cluster, clock, log, signal)
    const names = ['', '.cluster.local'].map(
      (suffix) => `${options.certServiceName}.${options.namespace}.svc${suffix}`,
    )
    const { namespace, webhookSecret: secret } = options
    new WebhookSecret(
      cluster,
      clock,
      log,
      { namespace, secret, names, today: () => new Date(), owner },
      ({ authority, server }) => {
        injector.use(authority.cert)
        door.use(server)
      },
      signal,
    )
  } else serveFiles(options.certDirectory, door, log, signal)
  return {
    port: () => door.port,
    notReady: () => [
      ...(objects.synced() ? [] : ['objects for webhooks not listed yet']),
      ...(door.port === undefined ? ['webhooks not served yet'] : []),
    ],
  }
}

function followAll(cache: Pick<WarmCache, 'follow'>, namespace: string, signal: AbortSignal) {
  const follow = (resource: Resource, scope: FollowScope = { namespace }) =>
    cache.follow(resource, scope, () => undefined, signal)
  const kinds = {
    IPAddressPool: follow(IP_ADDRESS_POOLS),
    L2Advertisement: follow(L2_ADVERTISEMENTS),
    BGPAdvertisement: follow(BGP_ADVERTISEMENTS),
    BGPPeer: follow(BGP_PEERS),
    BFDProfile: follow(BFD_PROFILES),
    Community: follow(COMMUNITIES),
  }
  const nodes = follow(NODES, { keep: 'metadata' })
  const list = (kind: keyof typeof kinds) => [...kinds[kind].objects.values()]
  return {
    // Of a kind that is not served there is none: definitions may be older than we are.
    synced: () =>
      [...Object.values(kinds), nodes].every(({ synced, missing }) => synced || missing),
    known: (): Known => ({
      IPAddressPool: list('IPAddressPool'),
      L2Advertisement: list('L2Advertisement'),
      BGPAdvertisement: list('BGPAdvertisement'),
      BGPPeer: list('BGPPeer'),
      BFDProfile: list('BFDProfile'),
      Community: list('Community'),
      nodes: [...nodes.objects.values()].map(({ metadata }) => metadata.labels ?? {}),
    }),
  }
}

const refuse = (status: number, message: string): Reply => ({ status, body: { message } })

function validate(
  path: string,
  question: unknown,
  known: Known,
  namespace: string,
  log: Log,
): Reply {
  return replyOf(answerAdmission(path, question, known, namespace), log, (about) => {
    const { object, operation, allowed, message } = about
    if (allowed) log.debug('object-admitted', { object, operation })
    else log.info('object-refused', { object, operation, message })
  })
}

function convert(question: unknown, log: Log): Reply {
  return replyOf(answerConversion(question), log, ({ problems }) => {
    if (problems.length > 0) log.warn('conversion-failed', { problems })
  })
}

function replyOf<T>(answer: Answer<T>, log: Log, tell: (about: T) => void): Reply {
  if (!answer.ok) {
    log.warn('review-not-understood', { problem: answer.problem })
    return refuse(400, answer.problem)
  }
  tell(answer.about)
  return { status: 200, body: answer.body }
}
