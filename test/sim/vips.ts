/** Addresses in a simulated cluster: who owns each, as each of its hosts reckons. */
import type { Candidacy } from '../../src/core/election/candidacy.ts'
import { electionOrder } from '../../src/core/election/order.ts'
import { owners } from '../../src/core/election/owners.ts'
import type { Ownership } from '../../src/core/election/owners.ts'
import { seatAll } from '../../src/core/election/spread.ts'
import { electorateOf } from '../../src/core/gossip/electorate.ts'
import type { GossipNode } from '../../src/core/gossip/node.ts'
import type { Network } from './network.ts'

const VIPS = 30

/** Each may be announced by every host. */
export function candidaciesOf(names: readonly string[]): Candidacy[] {
  const candidates = names.map((name) => ({ name, weight: 0 }))
  const ips = Array.from({ length: VIPS }, (_, i) => `198.51.100.${i + 1}`)
  const orders = ips.map((ip) => electionOrder(candidates, ip))
  const seats = seatAll(ips.map((ip, i) => ({ ips: [ip], seats: orders[i] ?? [] })))
  return ips.map((ip, i) => {
    const seat = seats.get(ip)
    const common = { service: `default/s${i}`, ip, order: orders[i] ?? [] }
    return { ...common, interfaces: 'all', ...(seat && { seat }) }
  })
}

/** As the gossip thread does it. */
export const reckon = (candidacies: readonly Candidacy[], { members }: GossipNode): Ownership[] =>
  owners(candidacies, electorateOf(members.usable()))

/** What is wrong with the owners, by the views of all hosts that are up; undefined: nothing. */
export function disputed(network: Network): string | undefined {
  const candidacies = candidaciesOf(network.hosts.map(({ name }) => name))
  const up = network.hosts.filter((host) => host.up)
  const views = up.map(({ name, node }) => ({ name, owned: reckon(candidacies, node) }))
  for (const [i, { ip }] of candidacies.entries()) {
    const holders = views.filter(({ name, owned }) => owned[i]?.owner === name)
    if (holders.length !== 1) return `${ip} is held by [${holders.map((it) => it.name).join(' ')}]`
    const dissenter = views.find(({ owned }) => owned[i]?.owner !== holders[0]?.name)
    if (dissenter) return `${dissenter.name} takes ${ip} for ${dissenter.owned[i]?.owner}'s`
  }
  return undefined
}
