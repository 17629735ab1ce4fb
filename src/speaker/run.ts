/**
 * A speaker from start to stop. Start: packet thread (sockets), gossip thread, API. Stop: tell the
 * members, fall silent, close. In between this thread is the only one that talks to the API, and
 * nothing on the wire waits for it.
 */
import { once } from 'node:events'
import { ConfigHealth } from './config-health.ts'
import { ConfigurationStateWriter, speakerState } from '../adapters/kube/configuration-state.ts'
import type { EventRecorder } from '../adapters/kube/events.ts'
import { subjectOf } from '../adapters/kube/subject.ts'
import type { Pages } from '../adapters/pages.ts'
import { tryDoor } from '../adapters/tcp-door.ts'
import { ALLOW_SHARED_IP, annotation } from '../core/config/annotations.ts'
import type { Cluster } from '../ports/cluster.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { PODS, SERVICES } from '../ports/resources.ts'
import { Announcer } from './announcer.ts'
import type { RecordEvent } from './announcer.ts'
import { CandidacyTable } from './candidacy-table.ts'
import { Diagnosis } from './diagnosis.ts'
import { Inquiry } from './inquiry.ts'
import type {
  GossipThreadView,
  GroupMembership,
  OwnerNow,
  PacketCounters,
  PacketToMain,
} from './messages.ts'
import { SpeakerMetrics } from './metrics.ts'
import type { SpeakerOptions } from './options.ts'
import { speakerPages } from './pages.ts'
import { Reconciler } from './reconcile.ts'
import { Refusals } from './refusals.ts'
import { StatusWriter } from './status-writer.ts'
import type { Threads } from './threads.ts'

/** Members are told of the leave within this; the pod's grace period is 2 s. */
const LEAVE_MS = 1000
const SILENCE_MS = 300
/** A thread that does not answer within this is left out of what is shown. */
const ANSWER_MS = 1000
/** A TCP connection between two nodes takes far less. */
const KNOCK_MS = 2000

export interface SpeakerDeps {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly log: Log
  readonly threads: Threads
  readonly options: SpeakerOptions
  readonly recorder: EventRecorder
  /** Joins exactly these solicited-node groups, leaves others. */
  setGroups(groups: readonly GroupMembership[]): void
}

export interface Speaker {
  /** What keeps it from being ready, or nothing. */
  notReady(): readonly string[]
  /** What can be seen of it: metrics, and what it knows. */
  readonly pages: Pages
  /** Resolves when stopped in order; rejects when a thread died. */
  readonly done: Promise<void>
}

export function runSpeaker(deps: SpeakerDeps, stop: AbortSignal): Speaker {
  const { cluster, clock, log, threads, options } = deps
  const following = new AbortController()
  const { namespace, node: self } = options
  const table = new CandidacyTable({
    self,
    ...options,
    isShared: ({ annotations }) => Boolean(annotation(annotations, ALLOW_SHARED_IP)),
  })
  let pod: Promise<object> | undefined
  const noPod = (error: unknown) => {
    pod = undefined
    throw error
  }
  const statuses = new StatusWriter(
    cluster,
    clock,
    log,
    { self, namespace, owner: () => (pod ??= podReference(cluster, options).catch(noPod)) },
    following.signal,
  )
  let ready: ReadonlySet<string> | undefined
  let owned: ReadonlySet<string> | undefined
  const tellOthers = () => {
    if (ready && owned) statuses.setOthers(ready, owned)
  }
  const diagnosis = new Diagnosis({
    clock,
    log,
    self: options.bindAddress,
    port: options.bindPort,
    secretEmpty: options.secretEmpty && options.profile !== 'off',
    knock: (address) => tryDoor(address, options.bindPort, KNOCK_MS),
    record(type, reason, message) {
      const { namespace, pod: name } = options
      cluster.get(PODS, { namespace, name }).then(
        (pod) => deps.recorder.record(subjectOf(pod, PODS), type, reason, message),
        (error: unknown) => log.warn('event-not-written', { reason, object: name, message, error }),
      )
    },
  })
  const record: RecordEvent = (key, type, reason, message) => {
    const service = reconciler.service(key)
    log.info(reason, { service: key, message })
    if (service) deps.recorder.record(subjectOf(service, SERVICES), type, reason, message)
  }
  const announcer = new Announcer(self, options.announce.conflict, clock, record, (announced) =>
    statuses.set(announced),
  )
  const refusals = new Refusals({ self, clock, record })
  const health = new ConfigHealth()
  const state = new ConfigurationStateWriter(
    cluster,
    clock,
    log,
    speakerState(namespace, self, options.pod),
    following.signal,
  )
  const reconciler: Reconciler = new Reconciler(
    cluster,
    table,
    log,
    { namespace, podLabels: options.profile === 'off' ? '' : options.labels, clock },
    {
      refusals: (verdicts) => refusals.setVerdicts(verdicts),
      candidacies(candidacies) {
        announcer.setCandidacies(candidacies)
        return threads.candidacies(candidacies)
      },
      speakers(pods) {
        ready = new Set(pods.filter((pod) => pod.ready).map(({ node }) => node))
        tellOthers()
        diagnosis.setSpeakers(pods)
        threads.toPacket({ kind: 'speakers', addresses: pods.map(({ address }) => address) })
        threads.toGossip({ kind: 'join', addresses: pods.map(({ address }) => address) })
      },
      configuration(problems) {
        health.configuration(problems)
        state.set(problems)
      },
      updated: () => health.updated(),
    },
    following.signal,
  )

  const metrics = new SpeakerMetrics()
  const views = new Inquiry<GossipThreadView | undefined>(clock, ANSWER_MS, () => {
    threads.toGossip({ kind: 'view' })
  })
  const counts = new Inquiry<PacketCounters>(clock, ANSWER_MS, () => {
    threads.toPacket({ kind: 'count' })
  })
  const ownersNow = new Inquiry<readonly OwnerNow[]>(clock, ANSWER_MS, () => {
    threads.toGossip({ kind: 'ownersNow' })
  })
  let joined = false
  const left = Promise.withResolvers<void>()
  threads.onGossip((message) => {
    switch (message.kind) {
      case 'listening':
        return log.info('gossip-listening', { address: message.address })
      case 'joined':
        joined = true
        return
      case 'members':
        refusals.setMembers(message.members.map(({ name }) => name))
        diagnosis.setMembers(new Set(message.members.map(({ address }) => hostOf(address))))
        return log.debug('members', { members: message.members })
      case 'owners':
        owned = new Set(message.owners.flatMap(({ service, owner }) => (owner ? service : [])))
        tellOthers()
        refusals.setOwners(message.owners)
        return announcer.setOwners(message.owners)
      case 'view':
        return views.answered(message.view)
      case 'ownersNow':
        return ownersNow.answered(message.owners)
      case 'takeovers':
        return metrics.takeovers(message.takeovers)
      case 'findings':
        return diagnosis.setFindings(message.findings)
      case 'left':
        return left.resolve()
      case 'log':
        return log[message.level](message.event, message.fields)
    }
  })
  const silent = Promise.withResolvers<void>()
  threads.onPacket((message: PacketToMain) => {
    switch (message.kind) {
      case 'ready':
        return
      case 'counters':
        return counts.answered(message.counters)
      case 'interfaces':
        log.info('interfaces', { names: message.names })
        return announcer.setInterfaces(message.names)
      case 'groups':
        return deps.setGroups(message.groups)
      case 'rivals':
        return announcer.tellRivals(message)
      case 'conflicts':
        return announcer.setConflicts(message.rivals)
      case 'stopped':
        return silent.resolve()
      case 'log':
        return log[message.level](message.event, message.fields)
    }
  })

  const within = (promise: Promise<void>, ms: number) =>
    Promise.race([promise, new Promise<void>((resolve) => clock.after(ms, resolve))])
  const stopping = async () => {
    if (!stop.aborted) await once(stop, 'abort')
    log.info('stopping', {})
    threads.toGossip({ kind: 'leave', timeoutMs: LEAVE_MS })
    await within(left.promise, LEAVE_MS + SILENCE_MS)
    threads.toPacket({ kind: 'stop' })
    await within(silent.promise, SILENCE_MS)
    diagnosis.close()
    refusals.close()
    following.abort()
    await threads.terminate()
  }
  const notReady = () => [
    ...(reconciler.synced ? [] : ['API objects not listed yet']),
    ...(statuses.synced ? [] : ['ServiceL2Status not listed yet']),
    ...(joined ? [] : ['gossip not joined yet']),
  ]
  return {
    notReady,
    pages: speakerPages({
      node: self,
      metrics,
      gossip: views,
      packet: counts,
      owners: () => announcer.owners,
      ownersNow,
      announced: () => announcer.announced,
      refused: () => refusals.current,
      problems: () => diagnosis.standing,
      config: () => health.view,
      notReady,
    }),
    // Threads that end because they were told to are no reason to fail.
    done: Promise.race([
      stopping(),
      threads.died.catch((error: unknown) => {
        if (!stop.aborted) throw error
        return new Promise<never>(() => undefined)
      }),
    ]).finally(() => following.abort()),
  }
}

const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':'))

/** The ownerReference that lets ServiceL2Status objects go with this pod. */
async function podReference(cluster: Cluster, options: SpeakerOptions): Promise<object> {
  const { namespace, pod: name } = options
  const { metadata } = await cluster.get(PODS, { namespace, name })
  return { apiVersion: 'v1', kind: 'Pod', name, uid: metadata.uid }
}
