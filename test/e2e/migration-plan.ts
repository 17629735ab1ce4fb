/** What is moved from MetalLB to Bellwether and back: three nodes, and Services whose addresses are theirs. */
import { electionOrder } from '../../src/core/election/order.ts'
import { workers } from '../lab/topology.ts'

/** Namespace of the Services. */
export const APPS = 'e2e-migration'
export const POOL = 'e2e-migration'
export const SUBNET = '172.18.13'

export const nodes = workers(3)
export const names = nodes.map(({ name }) => name)

/** Whose an address is while one of MetalLB's speakers is a member. */
export const ruledBy = (ip: string): string =>
  electionOrder(
    names.map((name) => ({ name, weight: 0 })),
    ip,
  )[0] ?? ''

/** Addresses by the name of their Service: `w1-0` is w1's by MetalLB's rule. The first node has most. */
export const vips: ReadonlyMap<string, string> = new Map(
  names.flatMap((node, i) => {
    const all = Array.from({ length: 100 }, (_, n) => `${SUBNET}.${n + 10}`)
    const ours = all.filter((ip) => ruledBy(ip) === node).slice(0, i === 0 ? 4 : 1)
    return ours.map((ip, n) => [`${node}-${n}`, ip] as const)
  }),
)
