/** The gossip views of all speakers beside each other: who sees whom, and where they disagree. */

import type { Snapshot } from './snapshot.ts'

/** The views that were got, and why the others were not. */
export function viewsOf({ views, unseen }: Pick<Snapshot, 'views' | 'unseen'>) {
  const nowhere = unseen.pods === undefined ? [] : [{ node: 'the speakers', why: unseen.pods }]
  return {
    seen: views.flatMap(({ view }) => ('seen' in view ? [view.seen] : [])),
    unseen: [
      ...nowhere,
      ...views.flatMap(({ node, view }) => ('unseen' in view ? [{ node, why: view.unseen }] : [])),
    ],
  }
}

export function membersOf(snapshot: Pick<Snapshot, 'views' | 'unseen'>): MembersReport {
  const { seen, unseen } = viewsOf(snapshot)
  return membersReport(seen, unseen)
}

/** What one speaker shows of its gossip. */
export interface SpeakerGossip {
  readonly node: string
  readonly owners: readonly { readonly ip: string; readonly owner?: string | undefined }[]
  /** Absent: membership is off, or its thread did not answer. */
  readonly gossip?:
    | {
        readonly members: readonly {
          readonly name: string
          readonly address: string
          readonly state: string
          readonly kind: string
          readonly settled: boolean
          readonly uplinks: Readonly<Record<string, unknown>>
        }[]
      }
    | undefined
}

export interface MembersReport {
  readonly agreed: boolean
  /** Speakers whose view was got. */
  readonly observers: readonly string[]
  /** Those whose view was not, and why. */
  readonly unseen: readonly { readonly node: string; readonly why: string }[]
  readonly members: readonly MemberRow[]
  /** Addresses that not all say the same owner of. */
  readonly disputed: readonly Disputed[]
  /** More than one: those of a group see each other, and nobody else. */
  readonly groups: readonly (readonly string[])[]
}

export interface MemberRow {
  readonly name: string
  readonly address: string
  /** What all say, or `disputed`. */
  readonly state: string
  readonly kind: string
  readonly settled: boolean
  /** Interfaces that it says it cannot announce on. */
  readonly downInterfaces: readonly string[]
  /** By observer. `unknown`: it has never heard of it. */
  readonly seen: Readonly<Record<string, string>>
}

export interface Disputed {
  readonly ip: string
  /** By observer; `nobody` where it knows no owner. */
  readonly owners: Readonly<Record<string, string>>
}

const LIVES = ['alive', 'suspect']

export function membersReport(
  views: readonly SpeakerGossip[],
  unseen: readonly { readonly node: string; readonly why: string }[],
): MembersReport {
  const observers = views.flatMap(({ node, gossip }) => (gossip ? [{ node, gossip }] : []))
  const names = new Set(observers.flatMap(({ gossip }) => gossip.members.map(({ name }) => name)))
  const members = [...names].sort().map((name) => memberRow(name, observers))
  const disputed = disputedOf(views)
  const off = views.flatMap(({ node, gossip }) =>
    gossip
      ? []
      : [{ node, why: 'it tells nothing of membership: it is off, or its thread does not answer' }],
  )
  return {
    agreed: disputed.length === 0 && members.every(({ state }) => state !== 'disputed'),
    observers: observers.map(({ node }) => node).sort(),
    unseen: [...unseen, ...off],
    members,
    disputed,
    groups: groupsOf(observers),
  }
}

type Observer = Pick<SpeakerGossip, 'node'> & {
  readonly gossip: NonNullable<SpeakerGossip['gossip']>
}

function memberRow(name: string, observers: readonly Observer[]): MemberRow {
  const said = observers.flatMap(({ node, gossip }) => {
    const member = gossip.members.find((it) => it.name === name)
    return member ? [{ node, member }] : []
  })
  // It knows itself best.
  const best = (said.find(({ node }) => node === name) ?? said[0])?.member
  const seen = observers.map(({ node }) => {
    const it = said.find((one) => one.node === node)
    return [node, it?.member.state ?? 'unknown'] as const
  })
  return {
    name,
    address: best?.address ?? '',
    state: agreedState(seen.map(([, state]) => state)),
    kind: best?.kind ?? '',
    settled: best?.settled ?? false,
    downInterfaces: Object.keys(best?.uplinks ?? {}),
    seen: Object.fromEntries(seen),
  }
}

/** Suspicion is no verdict, and of who has gone some know and some, started since, do not. */
function agreedState(states: readonly string[]): string {
  const lives = states.filter((state) => LIVES.includes(state))
  if (lives.length === 0) return states.find((state) => state !== 'unknown') ?? 'unknown'
  if (lives.length < states.length) return 'disputed'
  return lives.includes('suspect') ? 'suspect' : 'alive'
}

/** Those that see each other alive, directly or through others of the group. */
function groupsOf(observers: readonly Observer[]): string[][] {
  const sees = new Map(
    observers.map(({ node, gossip }) => [
      node,
      new Set(gossip.members.filter((it) => LIVES.includes(it.state)).map(({ name }) => name)),
    ]),
  )
  const left = new Set([...sees.keys()].sort())
  const groups: string[][] = []
  for (const first of left) {
    const group = [first]
    left.delete(first)
    for (const one of group) {
      for (const other of left) {
        if (!sees.get(one)?.has(other) || !sees.get(other)?.has(one)) continue
        group.push(other)
        left.delete(other)
      }
    }
    groups.push(group.sort())
  }
  return groups
}

function disputedOf(views: readonly SpeakerGossip[]): Disputed[] {
  const said = new Map<string, Map<string, string>>()
  for (const { node, owners } of views) {
    for (const { ip, owner } of owners) {
      const its = said.get(ip) ?? new Map<string, string>()
      said.set(ip, its.set(node, owner ?? 'nobody'))
    }
  }
  return [...said]
    .filter(([, owners]) => new Set(owners.values()).size > 1)
    .map(([ip, owners]) => ({ ip, owners: Object.fromEntries(owners) }))
}
