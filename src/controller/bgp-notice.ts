/** BGP is not built yet: each object of it hears so by an event, once, and what is wrong with it. */
import { Followers } from '../adapters/followers.ts'
import { BGP_NOT_BUILT } from '../core/admission/admit.ts'
import { parseConfig } from '../core/config/parse-config.ts'
import { problemText } from '../core/config/problems.ts'
import type { Change, Cluster, KubeObject, Resource } from '../ports/cluster.ts'
import {
  BFD_PROFILES,
  BGP_ADVERTISEMENTS,
  BGP_PEERS,
  COMMUNITIES,
  IP_ADDRESS_POOLS,
} from '../ports/resources.ts'

export type Tell = (
  object: KubeObject,
  resource: Resource,
  reason: 'BGPNotBuilt' | 'ConfigurationError',
  message: string,
) => void

export function tellOfBgp(
  cluster: Cluster,
  namespace: string,
  tell: Tell,
  signal: AbortSignal,
): void {
  /** By uid: what was said last. */
  const told = new Map<string, string>()
  const followers = new Followers(cluster, signal, () => pass())
  const follow = (resource: Resource, take: (change: Change) => void = () => undefined) =>
    followers.follow(resource, { namespace }, take)
  const forget = (change: Change) => {
    if (change.kind === 'delete') told.delete(change.object.metadata.uid ?? '')
  }
  const peers = follow(BGP_PEERS, forget)
  const advertisements = follow(BGP_ADVERTISEMENTS, forget)
  const [profiles, communities] = [follow(BFD_PROFILES), follow(COMMUNITIES)]
  const pools = follow(IP_ADDRESS_POOLS)

  const pass = () => {
    const list = (followed: { objects: ReadonlyMap<string, KubeObject> }) => [
      ...followed.objects.values(),
    ]
    const parsed = parseConfig({
      pools: list(pools),
      l2Advertisements: [],
      bgpPeers: list(peers),
      bgpAdvertisements: list(advertisements),
      bfdProfiles: list(profiles),
      communities: list(communities),
    })
    const problems = parsed.ok ? [] : parsed.problems
    for (const { resource, objects } of [peers, advertisements]) {
      for (const object of objects.values()) {
        const where = `${resource.kind}/${object.metadata.name}`
        const wrong = problems
          .filter((problem) => problem.where === where)
          .map((problem) => problemText(problem, where))
          .join('; ')
        const uid = object.metadata.uid ?? ''
        const before = told.get(uid)
        if (before === wrong) continue
        told.set(uid, wrong)
        if (before === undefined) tell(object, resource, 'BGPNotBuilt', BGP_NOT_BUILT)
        if (wrong !== '') tell(object, resource, 'ConfigurationError', wrong)
      }
    }
  }
}
