/**
 * Metrics of a speaker in Prometheus' text format: MetalLB's by MetalLB's names, and ours. They are
 * counted in the threads and collected when asked for. docs/metrics.md is their reference.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { addProcessMetrics } from '../adapters/process-metrics.ts'
import { TAKEOVER_CAUSES } from '../core/election/takeover.ts'
import type { Takeover } from '../core/election/takeover.ts'
import type { ConfigHealthView } from './config-health.ts'
import type { GossipThreadView, PacketCounters } from './messages.ts'

/** Undefined where there is nothing to tell: a thread that did not answer, membership that is off. */
export interface Snapshot {
  readonly node: string
  readonly gossip: GossipThreadView | undefined
  readonly packet: PacketCounters | undefined
  /** What this node announces. */
  readonly announced: readonly { readonly service: string; readonly ip: string }[]
  /** Why nobody may announce a Service, for each that is so. */
  readonly refused: readonly string[]
  /** Reasons of what is wrong now. */
  readonly problems: readonly string[]
  readonly config: ConfigHealthView
  readonly answering: Readonly<Record<'gossip' | 'packet', boolean>>
}

/** Labels and value. */
type Sample = readonly [Readonly<Record<string, string>>, number]

interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly labels: readonly string[]
  readonly read: (snapshot: Snapshot) => readonly Sample[]
}

/** One sample for each entry of a record, its key as the label. */
const each = (label: string, record: Readonly<Record<string, number>> | undefined): Sample[] =>
  Object.entries(record ?? {}).map(([key, value]) => [{ [label]: key }, value])

const one = (value: number | undefined): Sample[] => (value === undefined ? [] : [[{}, value]])

/** As MetalLB's: there from the first use on. */
const vips = (
  snapshot: Snapshot,
  count: 'requestsReceived' | 'responsesSent' | 'gratuitousSent',
): Sample[] =>
  (snapshot.packet?.vips ?? [])
    .filter((vip) => vip[count] > 0)
    .map((vip) => [{ ip: vip.ip }, vip[count]])

const tally = (keys: readonly string[], always: readonly string[] = []) => {
  const counts = Object.fromEntries(always.map((key) => [key, 0]))
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1
  return counts
}

const STATES = ['alive', 'suspect', 'dead', 'left']

export const FAMILIES: readonly Family[] = [
  {
    name: 'metallb_layer2_requests_received',
    help: 'Number of layer2 requests received for owned IPs',
    type: 'counter',
    labels: ['ip'],
    read: (it) => vips(it, 'requestsReceived'),
  },
  {
    name: 'metallb_layer2_responses_sent',
    help: 'Number of layer2 responses sent for owned IPs in response to requests',
    type: 'counter',
    labels: ['ip'],
    read: (it) => vips(it, 'responsesSent'),
  },
  {
    name: 'metallb_layer2_gratuitous_sent',
    help: 'Number of gratuitous layer2 packets sent for owned IPs as a result of failovers',
    type: 'counter',
    labels: ['ip'],
    read: (it) => vips(it, 'gratuitousSent'),
  },
  {
    name: 'metallb_speaker_announced',
    help: 'Services being announced from this node. This is desired state, it does not guarantee that the routing protocols have converged.',
    type: 'gauge',
    labels: ['service', 'protocol', 'node', 'ip'],
    read: ({ announced, node }) =>
      announced.map(({ service, ip }) => [{ service, protocol: 'layer2', node, ip }, 1]),
  },
  {
    name: 'metallb_k8s_client_updates_total',
    help: 'Number of k8s object updates that have been processed.',
    type: 'counter',
    labels: [],
    read: ({ config }) => one(config.updates),
  },
  {
    name: 'metallb_k8s_client_update_errors_total',
    help: 'Number of k8s object updates that failed for some reason.',
    type: 'counter',
    labels: [],
    read: ({ config }) => one(config.updateErrors),
  },
  {
    name: 'metallb_k8s_client_config_loaded_bool',
    help: '1 if the MetalLB configuration was successfully loaded at least once.',
    type: 'gauge',
    labels: [],
    read: ({ config }) => one(Number(config.loaded)),
  },
  {
    name: 'metallb_k8s_client_config_stale_bool',
    help: '1 if running on a stale configuration, because the latest config failed to load.',
    type: 'gauge',
    labels: [],
    read: ({ config }) => one(Number(config.stale)),
  },
  {
    name: 'bellwether_services_not_announced',
    help: 'Services that no node may announce now, by why',
    type: 'gauge',
    labels: ['reason'],
    read: ({ refused }) => each('reason', tally(refused)),
  },
  {
    name: 'bellwether_gossip_members',
    help: 'Members of the gossip cluster that this speaker knows, itself among them',
    type: 'gauge',
    labels: ['state'],
    read: ({ gossip }) =>
      gossip
        ? each(
            'state',
            tally(
              gossip.members.map(({ state }) => state),
              STATES,
            ),
          )
        : [],
  },
  {
    name: 'bellwether_gossip_suspicions_total',
    help: 'Members that came under suspicion, by the word of this speaker (self) or of another (other)',
    type: 'counter',
    labels: ['by'],
    read: ({ gossip }) => each('by', gossip?.counters.suspicions),
  },
  {
    name: 'bellwether_gossip_detections_total',
    help: 'Deaths found by the fast detector of this speaker',
    type: 'counter',
    labels: ['cause'],
    read: ({ gossip }) => each('cause', gossip?.counters.detections),
  },
  {
    name: 'bellwether_gossip_withheld_total',
    help: 'Silences of members that were not held against them',
    type: 'counter',
    labels: ['reason'],
    read: ({ gossip }) => each('reason', gossip?.counters.withheld),
  },
  {
    name: 'bellwether_gossip_dropped_total',
    help: 'Gossip received that could not be used: parts of datagrams, streams, connections, words of handovers',
    type: 'counter',
    labels: ['reason'],
    read: ({ gossip }) => each('reason', gossip?.counters.dropped),
  },
  {
    name: 'bellwether_gossip_changes_total',
    help: 'Members that joined, died or left',
    type: 'counter',
    labels: ['change'],
    read: ({ gossip }) => each('change', gossip?.counters.members),
  },
  {
    name: 'bellwether_gossip_contradictions_total',
    help: 'Others said that this speaker is dead or suspect (refuted); two addresses bear one name (nameConflict)',
    type: 'counter',
    labels: ['kind'],
    read: ({ gossip }) => each('kind', gossip?.counters.contradictions),
  },
  {
    name: 'bellwether_gossip_joins_total',
    help: 'States exchanged with speakers that are no members yet',
    type: 'counter',
    labels: ['result'],
    read: ({ gossip }) => each('result', gossip?.counters.joins),
  },
  {
    name: 'bellwether_gossip_datagrams_total',
    help: 'Datagrams of gossip',
    type: 'counter',
    labels: ['direction'],
    read: ({ gossip }) => each('direction', gossip?.counters.datagrams),
  },
  {
    name: 'bellwether_gossip_bytes_total',
    help: 'Bytes of gossip in datagrams',
    type: 'counter',
    labels: ['direction'],
    read: ({ gossip }) => each('direction', gossip?.counters.bytes),
  },
  {
    name: 'bellwether_handovers_total',
    help: 'Addresses that changed hands between this speaker and one that lives, by what this one did',
    type: 'counter',
    labels: ['kind'],
    read: ({ gossip }) => each('kind', gossip?.handovers),
  },
  {
    name: 'bellwether_gossip_health_score',
    help: 'How unwell this speaker thinks it is; 0 is well',
    type: 'gauge',
    labels: [],
    read: ({ gossip }) => one(gossip?.score),
  },
  {
    name: 'bellwether_frames_dropped_total',
    help: 'ARP requests and neighbour solicitations that were not answered',
    type: 'counter',
    labels: ['reason'],
    read: ({ packet }) => each('reason', packet?.drops),
  },
  {
    name: 'bellwether_frames_answered_total',
    help: 'ARP requests and probes, neighbour solicitations and duplicate address probes that were answered',
    type: 'counter',
    labels: ['asked'],
    read: ({ packet }) => each('asked', packet?.answers),
  },
  {
    name: 'bellwether_rivals',
    help: 'Others that use an address which this node announces, now',
    type: 'gauge',
    labels: ['ip', 'mac', 'kind'],
    read: ({ packet }) =>
      (packet?.rivals ?? []).map(({ ip, mac, kind }) => [{ ip, mac, kind }, 1] as const),
  },
  {
    name: 'bellwether_rivals_found_total',
    help: 'Times that another was found to use an address which this node announces',
    type: 'counter',
    labels: ['kind'],
    read: ({ packet }) => each('kind', packet?.rivalsFound),
  },
  {
    name: 'bellwether_problems',
    help: 'What is wrong with the network or the configuration now, by the reason of the event that told of it',
    type: 'gauge',
    labels: ['reason'],
    read: ({ problems }) => each('reason', tally(problems)),
  },
  {
    name: 'bellwether_thread_answering',
    help: '0: that thread did not answer in time, and its metrics are missing',
    type: 'gauge',
    labels: ['thread'],
    read: ({ answering }) => [
      [{ thread: 'gossip' }, Number(answering.gossip)],
      [{ thread: 'packet' }, Number(answering.packet)],
    ],
  },
]

/** Those that are counted here, as they come. */
export const COUNTED = [
  {
    name: 'bellwether_takeovers_total',
    help: 'Addresses that this speaker took, by why',
    type: 'counter',
    labels: ['cause'],
  },
  {
    name: 'bellwether_takeover_outage_seconds',
    help: 'The longest time that nobody can have answered for an address that this speaker took, by why',
    type: 'histogram',
    labels: ['cause'],
  },
] as const

const OUTAGE_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 2, 5, 10, 30]

export class SpeakerMetrics {
  readonly #registry = new Registry()
  readonly #families: readonly { readonly family: Family; readonly metric: Counter | Gauge }[]

  readonly #takeovers: Counter
  readonly #outages: Histogram

  constructor() {
    const registers = [this.#registry]
    addProcessMetrics(this.#registry)
    const [{ labels, ...takeovers }, { labels: labelNames, ...outages }] = COUNTED
    this.#takeovers = new Counter({ ...takeovers, labelNames: labels, registers })
    this.#outages = new Histogram({ ...outages, labelNames, registers, buckets: OUTAGE_BUCKETS })
    for (const cause of TAKEOVER_CAUSES) this.#takeovers.inc({ cause }, 0)
    this.#families = FAMILIES.map((family) => {
      const { name, help, labels: labelNames, type } = family
      const Kind = type === 'counter' ? Counter : Gauge
      return { family, metric: new Kind({ name, help, labelNames, registers }) }
    })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** These are over. */
  takeovers(takeovers: readonly Takeover[]): void {
    for (const { cause, outageMs } of takeovers) {
      this.#takeovers.inc({ cause })
      if (outageMs !== undefined) this.#outages.observe({ cause }, outageMs / 1000)
    }
  }

  text(snapshot: Snapshot): Promise<string> {
    for (const { family, metric } of this.#families) {
      metric.reset()
      // One without labels is 0 after that: it is to be absent where nothing is known.
      if (family.labels.length === 0) metric.remove()
      // What counts are the threads: here they are only written down.
      for (const [labels, value] of family.read(snapshot)) metric.inc(labels, value)
    }
    return this.#registry.metrics()
  }
}
