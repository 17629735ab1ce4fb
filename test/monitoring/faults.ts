/** For each alert the fault it is for: what is measured then, and what is told, to the last word. */
import {
  announced,
  controller,
  failedWrites,
  members,
  named,
  outages,
  poolSeries,
  speaker,
  still,
  takeovers,
  then,
} from './cluster-series.ts'

export interface Firing {
  readonly alert: string
  /** Beside the alert's own. */
  readonly labels: Readonly<Record<string, string>>
  readonly message: string
}

export interface Fault {
  readonly name: string
  /** What is other than in a cluster that is well; undefined: is not there. */
  readonly changes: Readonly<Record<string, string | undefined>>
  /** When it is looked. */
  readonly at: string
  /** All that fires then. */
  readonly firing: readonly Firing[]
}

const speaks = (name: string, node: number, labels: Readonly<Record<string, string>> = {}) =>
  named(name, { ...speaker(node), ...labels })
const AT_ONE = 'speaker-monitor-service at 10.0.0.1:9120'

const usage = (pool: string, percent: number, value: number): Firing => ({
  alert: `MetalLBAddressPoolUsage${percent}Percent`,
  labels: { pool },
  message: `address pool ${pool} is past ${percent}% usage: ${value}%`,
})

const exhausted = (pool: string): Firing[] => [
  {
    alert: 'MetalLBAddressPoolExhausted',
    labels: { pool },
    message: `address pool ${pool} has no free address for more than a minute`,
  },
  ...[75, 85, 95].map((percent) => usage(pool, percent, 100)),
]

const familyFull = (pool: string, family: string): Firing => ({
  alert: 'BellwetherPoolFamilyExhausted',
  labels: { pool, family },
  message: `address pool ${pool} has no free ${family} address for more than a minute`,
})
const soonFull = (pool: string, family: string): Firing => ({
  alert: 'BellwetherPoolForecast',
  labels: { pool, family },
  message: `address pool ${pool} will have no free ${family} address within a day`,
})

const rival = (mac: string, kind: string) =>
  speaks('bellwether_rivals', 1, { ip: '172.18.0.10', mac, kind })
const twice = (ip: string): Firing => ({
  alert: 'BellwetherAnnouncedTwice',
  labels: { ip },
  message: `${ip} is announced by more than one node for more than a minute`,
})

const split = (node: number, sees: number): Firing => ({
  alert: 'BellwetherGossipSplit',
  labels: { instance: `10.0.0.${node}:9120` },
  message: `the speaker at 10.0.0.${node}:9120 sees ${sees} members; there are more, or another sees more`,
})

const failover = (count: number, cause: string): Firing => ({
  alert: 'BellwetherFailover',
  labels: { cause },
  message: `addresses were taken over in the last 10 min: ${count}, cause ${cause}`,
})

const NO_LEADER: Firing = {
  alert: 'BellwetherNoLeader',
  labels: {},
  message: 'no controller leads for more than a minute: Services get no addresses',
}

const down = (labels: Readonly<Record<string, string>>): Firing => ({
  alert: 'BellwetherSpeakerDown',
  labels,
  message: `the speaker at ${labels['instance']} does not answer for more than 2 min`,
})
const CHART = { job: 'metallb', container: 'speaker', instance: '10.0.0.9:9120' }

export const FAULTS: readonly Fault[] = [
  { name: 'all is well', changes: {}, at: '2h', firing: [] },
  {
    name: 'a speaker cannot use the newest configuration',
    changes: { [speaks('metallb_k8s_client_config_stale_bool', 1)]: still(1) },
    at: '2m',
    firing: [
      {
        alert: 'MetalLBStaleConfig',
        labels: speaker(1),
        message: `${AT_ONE} has a stale configuration for more than a minute`,
      },
    ],
  },
  {
    name: 'a speaker never had a configuration that it could use',
    changes: { [speaks('metallb_k8s_client_config_loaded_bool', 1)]: still(0) },
    at: '2m',
    firing: [
      {
        alert: 'MetalLBConfigNotLoaded',
        labels: speaker(1),
        message: `${AT_ONE} has loaded no configuration for more than a minute`,
      },
    ],
  },
  {
    name: 'a pool is full',
    changes: poolSeries('ipv4', [20, 0], [20, 0]),
    at: '2m',
    firing: exhausted('ipv4'),
  },
  {
    name: 'a pool is full, and the lead changes: two controllers tell of it',
    changes: {
      ...poolSeries('ipv4', [20, 0], [20, 0]),
      [named('metallb_allocator_addresses_total', { ...controller(2), pool: 'ipv4' })]: still(20),
      [named('metallb_allocator_addresses_in_use_total', { ...controller(2), pool: 'ipv4' })]:
        still(20),
    },
    at: '2m',
    firing: exhausted('ipv4'),
  },
  {
    name: 'a pool is used by 80%',
    changes: poolSeries('ipv4', [16, 0], [20, 0]),
    at: '1m',
    firing: [usage('ipv4', 75, 80)],
  },
  {
    name: 'by 90%',
    changes: poolSeries('ipv4', [18, 0], [20, 0]),
    at: '1m',
    firing: [usage('ipv4', 75, 90), usage('ipv4', 85, 90)],
  },
  {
    name: 'by 96%',
    changes: poolSeries('ipv4', [96, 0], [100, 0]),
    at: '1m',
    firing: [75, 85, 95].map((percent) => usage('ipv4', percent, 96)),
  },
  {
    name: 'a pool of both families has no IPv4 left',
    changes: poolSeries('both', [4, 1], [4, 1e18]),
    at: '2m',
    firing: [familyFull('both', 'ipv4')],
  },
  {
    name: 'and one that has no IPv6',
    changes: poolSeries('both', [1, 4], [100, 4]),
    at: '2m',
    firing: [familyFull('both', 'ipv6')],
  },
  {
    name: 'a pool fills up by the hour',
    changes: poolSeries('ipv4', ['20+0.02x600', 0], [40, 0]),
    at: '5h',
    firing: [soonFull('ipv4', 'ipv4')],
  },
  {
    name: 'one of IPv6 too',
    changes: poolSeries('six', [0, '20+0.02x600'], [0, 40]),
    at: '5h',
    firing: [soonFull('six', 'ipv6')],
  },
  {
    name: 'a pool that fills up, but is far from full',
    changes: poolSeries('ipv4', ['2+0.02x600', 0], [40, 0]),
    at: '5h',
    firing: [],
  },
  {
    name: 'a node died, and another took its addresses over',
    changes: { [takeovers(2, 'nodeGone')]: then(0, 2) },
    at: '10m',
    firing: [failover(2, 'nodeGone')],
  },
  {
    name: 'nodes die again and again',
    changes: { [takeovers(2, 'speakerGone')]: then(0, 6) },
    at: '10m',
    firing: [
      failover(6, 'speakerGone'),
      {
        alert: 'BellwetherFailoverRate',
        labels: {},
        message: 'each address was taken over more than twice within an hour, on average: 6 in all',
      },
    ],
  },
  {
    name: 'a take-over was slow',
    changes: { [outages(2, '5')]: then(0, 3), [outages(2, '+Inf')]: then(0, 3) },
    at: '10m',
    firing: [
      {
        alert: 'BellwetherSlowTakeover',
        labels: {},
        message: 'addresses were without an owner for 4.8 s',
      },
    ],
  },
  {
    name: 'a stranger has one of our addresses',
    changes: {
      [rival('02:00:00:00:00:99', 'stranger')]: still(1),
    },
    at: '1m',
    firing: [
      {
        alert: 'BellwetherAddressConflict',
        labels: { ip: '172.18.0.10', mac: '02:00:00:00:00:99' },
        message: 'a stranger with the MAC 02:00:00:00:00:99 uses 172.18.0.10',
      },
    ],
  },
  {
    name: "another node's kernel answers, too",
    changes: {
      [rival('02:00:00:00:00:02', 'speaker')]: still(1),
    },
    at: '2m',
    firing: [twice('172.18.0.10')],
  },
  {
    name: 'two speakers announce one address',
    changes: { [announced('172.18.0.10', 2)]: still(1) },
    at: '2m',
    firing: [twice('172.18.0.10')],
  },
  {
    name: 'gossip is split: two see each other, one nobody',
    changes: { ...members(1, 2, 1), ...members(2, 2, 1), ...members(3, 1, 2) },
    at: '3m',
    firing: [split(1, 2), split(2, 2), split(3, 1)],
  },
  {
    name: 'one speaker does not know of a member that another knows',
    changes: { ...members(1, 4, 0), ...members(2, 4, 0), ...members(3, 3, 0) },
    at: '3m',
    firing: [split(3, 3)],
  },
  {
    name: 'a port is blocked',
    changes: { [speaks('bellwether_problems', 1, { reason: 'GossipUDPBlocked' })]: still(1) },
    at: '2m',
    firing: [
      {
        alert: 'BellwetherNetworkProblem',
        labels: { reason: 'GossipUDPBlocked' },
        message: 'speakers report GossipUDPBlocked',
      },
    ],
  },
  {
    name: 'a speaker does not answer',
    changes: { [speaks('up', 3)]: still(0) },
    at: '3m',
    firing: [down(speaker(3))],
  },
  {
    name: "a speaker does not answer, where MetalLB's chart names the job",
    changes: { [named('up', CHART)]: still(0) },
    at: '3m',
    firing: [down(CHART)],
  },
  {
    name: 'a node lets its speaker wait',
    changes: { [speaks('bellwether_gossip_withheld_total', 1, { reason: 'late' })]: '0+1x600' },
    at: '15m',
    firing: [
      {
        alert: 'BellwetherSpeakerLate',
        labels: { instance: '10.0.0.1:9120' },
        message: 'the node of the speaker at 10.0.0.1:9120 lets it wait, again and again',
      },
    ],
  },
  {
    name: 'a thread hangs',
    changes: { [speaks('bellwether_thread_answering', 1, { thread: 'packet' })]: still(0) },
    at: '3m',
    firing: [
      {
        alert: 'BellwetherThreadSilent',
        labels: { ...speaker(1), thread: 'packet' },
        message: 'the thread packet of the speaker at 10.0.0.1:9120 does not answer',
      },
    ],
  },
  {
    name: 'the kernel takes no answers',
    changes: {
      [speaks('bellwether_frames_dropped_total', 1, { reason: 'sendFailed' })]: '0+1x600',
    },
    at: '10m',
    firing: [
      {
        alert: 'BellwetherFramesUnanswered',
        labels: { instance: '10.0.0.1:9120', reason: 'sendFailed' },
        message: 'the speaker at 10.0.0.1:9120 cannot answer what it should: sendFailed',
      },
    ],
  },
  {
    name: 'Services are announced by nobody',
    changes: {
      [speaks('bellwether_services_not_announced', 1, { reason: 'noPool' })]: still(2),
      [speaks('bellwether_services_not_announced', 2, { reason: 'noPool' })]: still(2),
    },
    at: '6m',
    firing: [
      {
        alert: 'BellwetherServicesNotAnnounced',
        labels: { reason: 'noPool' },
        message: '2 Services are announced by nobody: noPool',
      },
    ],
  },
  {
    name: 'no controller leads',
    changes: { [named('bellwether_leader', controller(1))]: still(0) },
    at: '2m',
    firing: [NO_LEADER],
  },
  {
    name: 'there is no controller',
    changes: Object.fromEntries(
      [1, 2].map((n) => [named('bellwether_leader', controller(n)), undefined]),
    ),
    at: '2m',
    firing: [NO_LEADER],
  },
  {
    name: 'the API server refuses writes',
    changes: { [failedWrites]: '0+1x600' },
    at: '12m',
    firing: [
      {
        alert: 'BellwetherAPIWritesFail',
        labels: { resource: 'services' },
        message: 'the controller cannot write services for more than 10 min',
      },
    ],
  },
]
