/** What the speakers themselves say, where they were asked, taken together. */
import type { UplinkState } from '../announce/uplinks.ts'
import type { Electorate } from '../election/owners.ts'
import type { Snapshot } from './snapshot.ts'
import type { SpeakerView } from './speaker-view.ts'

export interface Rival {
  readonly ip: string
  readonly mac: string
  /** Where it was heard. */
  readonly interface: string
  /** `stranger`: a host that is no speaker; `speaker`. */
  readonly kind: string
  /** The node that heard it. */
  readonly heardBy: string
  /** Address of that speaker. */
  readonly speaker: string | undefined
}

export type OwnerWord = SpeakerView['owners'][number] & { readonly by: string }
type MemberWord = NonNullable<SpeakerView['gossip']>['members'][number]

export class SpeakerWords {
  readonly #views = new Map<string, SpeakerView>()
  readonly #unseen = new Map<string, string>()
  /** By address. */
  readonly #owners: ReadonlyMap<string, readonly OwnerWord[]>
  readonly #rivals: ReadonlyMap<string, readonly Rival[]>
  readonly #members = new Map<string, MemberWord>()
  readonly #asked: boolean

  constructor({ views }: Pick<Snapshot, 'views'>) {
    this.#asked = views.length > 0
    for (const { node, view } of views) {
      if ('seen' in view) this.#views.set(node, view.seen)
      else this.#unseen.set(node, view.unseen)
    }
    for (const [by, { gossip }] of this.#views) {
      for (const member of gossip?.members ?? []) {
        if (member.name === by || !this.#members.has(member.name)) {
          this.#members.set(member.name, member)
        }
      }
    }
    this.#owners = Map.groupBy(
      [...this.#views].flatMap(([by, view]) => view.owners.map((it) => ({ ...it, by }))),
      ({ ip }) => ip,
    )
    this.#rivals = Map.groupBy(
      [...this.#views].flatMap(([heardBy, { packet }]) =>
        (packet?.rivals ?? []).map((it) => ({ ...it, heardBy })),
      ),
      ({ ip }) => ip,
    )
  }

  /** By node. */
  get seen(): ReadonlyMap<string, SpeakerView> {
    return this.#views
  }

  /** By node: why its speaker's word was not got. */
  get unseen(): ReadonlyMap<string, string> {
    return this.#unseen
  }

  of(node: string): SpeakerView | undefined {
    return this.#views.get(node)
  }

  /** Why there is no word of the node's speaker; of any, where none is named. */
  whyNot(node?: string): string {
    if (!this.#asked) return 'the speakers were not asked'
    if (node === undefined) return [...new Set(this.#unseen.values())].join('; ')
    return this.#unseen.get(node) ?? `no speaker of node ${node} was found`
  }

  /** What each says of who owns the address, by whom it was asked. */
  owners(ip: string): readonly OwnerWord[] {
    return this.#owners.get(ip) ?? []
  }

  rivals(ip: string): readonly Rival[] {
    return this.#rivals.get(ip) ?? []
  }

  /** What a member says of itself, or another of it. */
  member(node: string): MemberWord | undefined {
    return this.#members.get(node)
  }

  /** Of its interfaces that it says it cannot announce on. */
  uplinks(node: string): Readonly<Record<string, string>> {
    return this.member(node)?.uplinks ?? {}
  }

  /** Who may own something now. `ready`: the nodes that have a speaker, by the API. */
  electorate(ready: readonly string[]): Electorate {
    const members = ready.map((node) => ({ node, word: this.member(node) }))
    const lives = members.filter(({ word }) => !word || ['alive', 'suspect'].includes(word.state))
    const ours = lives.every(({ word }) => word?.kind !== 'memberlist')
    const settled = lives.filter(({ word }) => word?.settled !== false).map(({ node }) => node)
    return {
      usable: new Set(lives.map(({ node }) => node)),
      settled: ours ? new Set(settled) : undefined,
      uplinks: new Map(lives.map(({ node }) => [node, new Map(states(this.uplinks(node)))])),
      spreads: ours,
    }
  }
}

const states = (uplinks: Readonly<Record<string, string>>): [string, UplinkState][] =>
  Object.entries(uplinks).flatMap(([name, state]): [string, UplinkState][] =>
    state === 'down' || state === 'returning' ? [[name, state]] : [],
  )

export const isStranger = ({ kind }: Rival): boolean => kind === 'stranger'

export const rivalText = ({ ip, mac, kind, interface: on, speaker }: Rival): string =>
  kind === 'stranger'
    ? `${ip} is also used by a host that is no speaker: MAC ${mac}, heard on ${on}`
    : `${ip} is also announced by the node at ${speaker ?? '?'}: MAC ${mac}, heard on ${on}`

export const rivalRemedy = ({ ip, mac, kind }: Rival): string =>
  kind === 'stranger'
    ? `give the host with MAC ${mac} another address, or take ${ip} out of the IPAddressPool`
    : 'open TCP and UDP port 7946 between the nodes, and set strictARP where kube-proxy is in IPVS mode'
