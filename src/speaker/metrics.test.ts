import assert from 'node:assert/strict'
import { test } from 'node:test'
import { documentedMetrics, keptMetrics } from '../../test/arch/documented-metrics.ts'
import { packetCounters } from '../../test/fakes/packet-counters.ts'
import { newCounters } from '../core/gossip/counters.ts'
import type { GossipThreadView } from './messages.ts'
import { COUNTED, FAMILIES, SpeakerMetrics } from './metrics.ts'
import type { Snapshot } from './metrics.ts'

const gossip = (some: Partial<GossipThreadView> = {}): GossipThreadView => ({
  name: 'w1',
  incarnation: 1,
  score: 0,
  members: [],
  counters: newCounters(),
  findings: [],
  handovers: { given: 1, taken: 2, yielded: 0, expired: 0 },
  sure: true,
  ...some,
})

const snapshot = (some: Partial<Snapshot> = {}): Snapshot => ({
  node: 'w1',
  gossip: gossip(),
  packet: packetCounters(),
  announced: [],
  refused: [],
  problems: [],
  config: { updates: 7, updateErrors: 1, loaded: true, stale: false },
  answering: { gossip: true, packet: true },
  ...some,
})

/** Lines with values, of the families named so. */
const lines = (text: string, ...names: string[]): string[] =>
  text.split('\n').filter((line) => names.some((name) => new RegExp(`^${name}[{ ]`).test(line)))

test("speaker/metrics: MetalLB's, as MetalLB writes them", async () => {
  const vip = { ip: '10.0.0.1', requestsReceived: 3, responsesSent: 2, gratuitousSent: 0 }
  const text = await new SpeakerMetrics().text(
    snapshot({
      packet: packetCounters({ vips: [vip], drops: {} }),
      announced: [{ service: 'default/nginx', ip: '10.0.0.1' }],
    }),
  )
  assert.deepEqual(lines(text, 'metallb_[a-z0-9_]+'), [
    'metallb_layer2_requests_received{ip="10.0.0.1"} 3',
    'metallb_layer2_responses_sent{ip="10.0.0.1"} 2',
    'metallb_speaker_announced{service="default/nginx",protocol="layer2",node="w1",ip="10.0.0.1"} 1',
    'metallb_k8s_client_updates_total 7',
    'metallb_k8s_client_update_errors_total 1',
    'metallb_k8s_client_config_loaded_bool 1',
    'metallb_k8s_client_config_stale_bool 0',
  ])
})

test('speaker/metrics: scraped again it is what the threads say, not the sum; what is gone is gone', async () => {
  const metrics = new SpeakerMetrics()
  const vip = { ip: '10.0.0.1', requestsReceived: 3, responsesSent: 3, gratuitousSent: 5 }
  await metrics.text(
    snapshot({ packet: packetCounters({ vips: [vip], drops: { notAnnounced: 4 } }) }),
  )
  const text = await metrics.text(
    snapshot({ packet: packetCounters({ vips: [], drops: { notAnnounced: 6 } }) }),
  )
  assert.deepEqual(lines(text, 'metallb_layer2_[a-z0-9_]+', 'bellwether_frames_dropped_total'), [
    'bellwether_frames_dropped_total{reason="notAnnounced"} 6',
  ])
})

test('speaker/metrics: what gossip counts, each by its label', async () => {
  const counters = newCounters()
  counters.suspicions.other = 2
  counters.detections.nodeGone = 1
  counters.withheld.late = 4
  counters.dropped.cannotDecrypt = 7
  counters.datagrams.sent = 100
  const member = { name: 'w2', address: '10.0.0.2:7946', stateMs: 0, incarnation: 1 }
  const rest = {
    kind: 'ours',
    settled: true,
    uplinks: {},
    lost: undefined,
    heardMs: 5,
    watchers: [],
    watching: undefined,
  } as const
  const members = [
    { ...member, ...rest, state: 'dead' as const },
    { ...member, ...rest, state: 'alive' as const },
  ]
  const text = await new SpeakerMetrics().text(
    snapshot({
      gossip: gossip({ counters, members, score: 3 }),
      refused: ['noEndpoints', 'noPool', 'noEndpoints'],
      problems: ['GossipUDPBlocked'],
    }),
  )
  for (const line of [
    'bellwether_gossip_suspicions_total{by="self"} 0',
    'bellwether_gossip_suspicions_total{by="other"} 2',
    'bellwether_gossip_detections_total{cause="nodeGone"} 1',
    'bellwether_gossip_withheld_total{reason="late"} 4',
    'bellwether_gossip_dropped_total{reason="cannotDecrypt"} 7',
    'bellwether_gossip_datagrams_total{direction="sent"} 100',
    'bellwether_gossip_members{state="alive"} 1',
    'bellwether_gossip_members{state="suspect"} 0',
    'bellwether_gossip_members{state="dead"} 1',
    'bellwether_handovers_total{kind="taken"} 2',
    'bellwether_gossip_health_score 3',
    'bellwether_services_not_announced{reason="noEndpoints"} 2',
    'bellwether_problems{reason="GossipUDPBlocked"} 1',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line}\nnot in\n${text}`)
  }
})

test('speaker/metrics: who else uses an address, while it does', async () => {
  const rival = { ip: '10.0.0.1', mac: '02:00:00:00:00:99', interface: 'eth0' } as const
  const metrics = new SpeakerMetrics()
  const found = { stranger: 1, speaker: 0 }
  const rivals = [{ ...rival, kind: 'stranger' as const, speaker: undefined }]
  const some = packetCounters({ rivals, rivalsFound: found })
  const text = await metrics.text(snapshot({ packet: some }))
  assert.deepEqual(lines(text, 'bellwether_rivals[a-z_]*'), [
    'bellwether_rivals{ip="10.0.0.1",mac="02:00:00:00:00:99",kind="stranger"} 1',
    'bellwether_rivals_found_total{kind="stranger"} 1',
    'bellwether_rivals_found_total{kind="speaker"} 0',
  ])
  const after = await metrics.text(snapshot({ packet: packetCounters({ rivalsFound: found }) }))
  assert.deepEqual(lines(after, 'bellwether_rivals'), [])
})

test('speaker/metrics: a thread that does not answer is left out, the other is there', async () => {
  const metrics = new SpeakerMetrics()
  await metrics.text(snapshot())
  const answering = { gossip: false, packet: true }
  const packet = packetCounters({ vips: [], drops: { notAnnounced: 1 } })
  const text = await metrics.text(snapshot({ gossip: undefined, packet, answering }))
  assert.deepEqual(lines(text, 'bellwether_(?!takeover)[a-z_]+'), [
    'bellwether_frames_dropped_total{reason="notAnnounced"} 1',
    'bellwether_frames_answered_total{asked="arpRequest"} 0',
    'bellwether_frames_answered_total{asked="arpProbe"} 0',
    'bellwether_frames_answered_total{asked="solicitation"} 0',
    'bellwether_frames_answered_total{asked="duplicateProbe"} 0',
    'bellwether_rivals_found_total{kind="stranger"} 0',
    'bellwether_rivals_found_total{kind="speaker"} 0',
    'bellwether_thread_answering{thread="gossip"} 0',
    'bellwether_thread_answering{thread="packet"} 1',
  ])
})

test('speaker/metrics: take-overs are counted by cause, and their outages where they are known', async () => {
  const metrics = new SpeakerMetrics()
  metrics.takeovers([{ cause: 'nodeGone', from: 'w2', outageMs: 730 }, { cause: 'first' }])
  metrics.takeovers([{ cause: 'nodeGone', from: 'w2', outageMs: 30 }])
  await metrics.text(snapshot())
  const text = await metrics.text(snapshot())
  for (const line of [
    'bellwether_takeovers_total{cause="nodeGone"} 2',
    'bellwether_takeovers_total{cause="first"} 1',
    'bellwether_takeovers_total{cause="left"} 0',
    'bellwether_takeover_outage_seconds_bucket{le="0.05",cause="nodeGone"} 1',
    'bellwether_takeover_outage_seconds_bucket{le="0.75",cause="nodeGone"} 2',
    'bellwether_takeover_outage_seconds_sum{cause="nodeGone"} 0.76',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line}\nnot in\n${text}`)
  }
  assert.doesNotMatch(text, /outage_seconds.*cause="first"/)
})

test('speaker/metrics: docs/metrics.md lists all of them, with type and labels, and no other', () => {
  assert.deepEqual(documentedMetrics('Speaker'), keptMetrics([...FAMILIES, ...COUNTED]))
})
