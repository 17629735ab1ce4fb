/**
 * All rules about the BGP kinds. Bellwether does not speak BGP yet: nothing comes of these objects
 * but what is wrong with them.
 */
import * as z from 'zod'
import { bfdProfileSpec } from './bfd-profile.ts'
import type { Pool, Problem } from './model.ts'
import { byName, parseObject } from './object.ts'
import { checkPreferences, parseBgpAdvertisement } from './parse-bgp-advertisement.ts'
import type { Advertisement } from './parse-bgp-advertisement.ts'
import { checkPeersTogether, parseBgpPeer } from './parse-bgp-peer.ts'
import type { Peer } from './parse-bgp-peer.ts'
import { parseCommunities } from './parse-community.ts'
import type { Labels } from './selector.ts'

export interface BgpObjects {
  readonly bgpPeers?: readonly unknown[] | undefined
  readonly bgpAdvertisements?: readonly unknown[] | undefined
  readonly bfdProfiles?: readonly unknown[] | undefined
  readonly communities?: readonly unknown[] | undefined
  /** Secrets of the namespace; absent: references to them are not looked at. */
  readonly secrets?: readonly unknown[] | undefined
  /** Labels of the nodes; none known: any two selectors are taken to share a node. */
  readonly nodes?: readonly Labels[] | undefined
}

const secretObject = z.object({
  metadata: z.object({ name: z.string() }),
  type: z.string().optional(),
  data: z.record(z.string(), z.unknown()).default({}),
})

/** `pools` in order of name. */
export function checkBgp(objects: BgpObjects, pools: readonly Pool[], all: Problem[]): void {
  const { bgpPeers = [], bgpAdvertisements = [], nodes = [] } = objects
  const profiles = (objects.bfdProfiles ?? []).flatMap(
    (object) => parseObject('BFDProfile', bfdProfileSpec.prefault({}), object, all) ?? [],
  )
  const aliases = parseCommunities(objects.communities ?? [], all)
  const references = {
    bfdProfiles: new Set(profiles.map(({ name }) => name)),
    secrets: objects.secrets && secretsOf(objects.secrets),
  }
  const peers = bgpPeers
    .flatMap((object) => parseBgpPeer(object, references, all) ?? [])
    .sort(byName)
  checkPeersTogether(peers, nodes)
  const advertisements = bgpAdvertisements
    .flatMap((object) => parseBgpAdvertisement(object, pools, aliases, all) ?? [])
    .sort(byName)
  checkPreferences(advertisements, nodes)
  const echoing = profiles.filter(({ spec }) => spec.echoMode).map(({ name }) => name)
  checkEcho(advertisements, peers, new Set(echoing))
}

/** FRR has no echo mode for IPv6. */
function checkEcho(
  advertisements: readonly Advertisement[],
  peers: readonly Peer[],
  echoing: ReadonlySet<string>,
): void {
  const echo = peers.filter(({ spec }) => echoing.has(spec.bfdProfile ?? ''))
  for (const { name, spec, pools, problems } of advertisements) {
    const named = spec.peers ?? []
    for (const pool of pools.filter(({ ranges }) => ranges.some(({ family }) => family === 6))) {
      for (const peer of echo.filter(({ name }) => named.length === 0 || named.includes(name))) {
        const message = `pool ${pool.name} has bgpadvertisement ${name} which references peer ${peer.name} which has bfd echo enabled, which is not possible with IPv6`
        problems.add('spec.peers', message)
      }
    }
  }
}

function secretsOf(objects: readonly unknown[]) {
  return new Map(
    objects.flatMap((object) => {
      const parsed = secretObject.safeParse(object)
      if (!parsed.success) return []
      const { metadata, type, data } = parsed.data
      return [[metadata.name, { type, keys: Object.keys(data) }] as const]
    }),
  )
}
