/** What around Bellwether keeps addresses from being reached: all checks, in the order they are told. */
import type { ProblemReason } from '../diagnosis/problems.ts'
import {
  definitionChecks,
  imageCheck,
  kubeProxyCheck,
  kubernetesCheck,
  networkCheck,
  rivalChecks,
  webhookChecks,
} from './checks.ts'
import type { Check } from './checks.ts'
import type { Look } from './look.ts'
import { membersOf, viewsOf } from './members.ts'
import type { MembersReport } from './members.ts'
import { poolsOf } from './pools.ts'
import type { PoolsReport } from './pools.ts'
import type { Snapshot } from './snapshot.ts'
import type { PodObject } from './objects.ts'
import type { Surroundings } from './surroundings.ts'

export interface DoctorInput {
  /** Where Bellwether is installed. */
  readonly namespace: string
  readonly around: Surroundings
  /** Controllers and speakers. */
  readonly pods: Look<readonly Pick<PodObject, 'name' | 'images'>[]>
  /** What each speaker that could be asked finds wrong. */
  readonly speakers: readonly SpeakerProblems[]
  readonly members: MembersReport
  readonly strangers: PoolsReport['strangers']
}

export interface SpeakerProblems {
  readonly node: string
  readonly problems: readonly { readonly reason: string; readonly message: string }[]
}

export function doctorOf(snapshot: Snapshot, around: Surroundings): Check[] {
  const why = snapshot.unseen.pods
  return doctor({
    namespace: snapshot.namespace,
    around,
    pods: why === undefined ? { seen: snapshot.pods } : { unseen: why },
    speakers: viewsOf(snapshot).seen,
    members: membersOf(snapshot),
    strangers: poolsOf(snapshot).strangers,
  })
}

export function doctor(input: DoctorInput): Check[] {
  const { around, namespace } = input
  return [
    kubernetesCheck(around),
    kubeProxyCheck(around),
    gossipCheck(input, 'gossip port', ['GossipPortBlocked', 'GossipUDPBlocked'], REACHED),
    gossipCheck(input, 'gossip secret', SECRET, 'all speakers read each other'),
    gossipCheck(input, 'MTU', ['GossipMtuTooSmall'], 'large datagrams get through'),
    membershipCheck(input),
    ...rivalChecks(around, namespace),
    strangersCheck(input),
    networkCheck(around),
    ...definitionChecks(around),
    ...webhookChecks(around, namespace),
    imageCheck(input.pods),
  ]
}

const REACHED = 'the speakers reach each other at their gossip port (7946), by TCP and UDP'
const SECRET = ['GossipSecretMismatch', 'GossipNotEncrypted', 'GossipNameConflict'] as const

/** By what the speakers find themselves (core/diagnosis/problems.ts): the remedy is in what they say. */
function gossipCheck(
  { speakers, members }: DoctorInput,
  check: string,
  reasons: readonly ProblemReason[],
  well: string,
): Check {
  const found = speakers.flatMap(({ node, problems }) =>
    problems
      .filter(({ reason }) => reasons.some((it) => it === reason))
      .map(({ message }) => `${node}: ${message}`),
  )
  if (found.length > 0) return { check, verdict: 'broken', saw: found.join('; ') }
  if (speakers.length === 0) return { check, verdict: 'unknown', saw: whyUnseen(members) }
  const saw = members.unseen.length > 0 ? `${well} (${whyUnseen(members)})` : well
  return { check, verdict: 'ok', saw }
}

function whyUnseen({ unseen }: MembersReport): string {
  if (unseen.length === 0) return 'there is no speaker'
  const byWhy = Map.groupBy(unseen, ({ why }) => why)
  return [...byWhy]
    .map(([why, its]) => `${its.map(({ node }) => node).join(', ')}: ${why}`)
    .join('; ')
}

function membershipCheck({ members }: DoctorInput): Check {
  const check = 'membership'
  const { observers, groups, disputed } = members
  if (observers.length === 0) return { check, verdict: 'unknown', saw: whyUnseen(members) }
  const remedy = 'see kubectl bellwether members'
  if (groups.length > 1) {
    const saw = `the speakers are split: ${groups.map((group) => group.join(', ')).join(' | ')}`
    return { check, verdict: 'broken', saw, remedy }
  }
  if (!members.agreed) {
    const about = members.members.filter(({ state }) => state === 'disputed')
    const names = [...about.map(({ name }) => name), ...disputed.map(({ ip }) => ip)].join(', ')
    const saw = `the speakers do not agree about ${names} (may pass while something moves)`
    return { check, verdict: 'warn', saw, remedy }
  }
  const said = `${observers.length} of ${observers.length + members.unseen.length} asked, and agree`
  return { check, verdict: 'ok', saw: said }
}

function strangersCheck({ strangers }: DoctorInput): Check {
  const check = 'foreign addresses'
  if (strangers.length === 0) {
    return { check, verdict: 'ok', saw: 'every address of a Service is of a pool' }
  }
  const some = strangers
    .slice(0, 5)
    .map(({ address, services }) => `${address} (${services.join()})`)
  const more = strangers.length > some.length ? ` and ${strangers.length - some.length} more` : ''
  return {
    check,
    verdict: 'warn',
    saw: `of no pool: ${some.join(', ')}${more}`,
    remedy: 'another load balancer gave them, or their pool is gone: see the events of the Service',
  }
}
