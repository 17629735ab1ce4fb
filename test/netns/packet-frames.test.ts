/** Frames of all kinds on a real wire: each is answered, or dropped for the reason that is counted. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseIp } from '../../src/core/net/ip.ts'
import { BROADCAST_MAC, parseMac } from '../../src/core/net/mac.ts'
import { encodeArp, encodeArpAnnouncement, encodeArpProbe } from '../../src/core/wire/arp.ts'
import {
  encodeNeighbor,
  encodeNeighborProbe,
  multicastMac,
  solicitedNodeGroup,
} from '../../src/core/wire/icmpv6-nd.ts'
import { ensureLabPackages } from '../lab/packages.ts'
import { must, run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import {
  NODE_MAC,
  PEER,
  PacketHost,
  createNamespaces,
  inside,
  removeNamespaces,
  sendFromPeer,
} from './packet-node.ts'

const ip = (text: string) => parseIp(text) ?? assert.fail(text)
const mac = (text: string) => parseMac(text) ?? assert.fail(text)
const V4 = '10.77.0.9'
const V6 = 'fd77::9'
const OWN = mac(NODE_MAC)
const CLIENT = mac('02:00:00:00:77:99')
const ZERO = new Uint8Array(6)

let host: PacketHost

before(async () => {
  await ensureLabPackages()
  await createNamespaces()
  host = new PacketHost()
  await host.heard('interfaces', ({ names }) => names.includes('eth0'))
  await host.announce([V4, V6])
  for (const text of [V4, V6]) await host.heard('announced', ({ ips }) => ips.includes(text))
})
after(async () => {
  await host.stop()
  await removeNamespaces()
})

const arp = (changes: object = {}, to = BROADCAST_MAC) =>
  encodeArp(
    {
      operation: 'request',
      senderMac: CLIENT,
      senderIp: ip('10.77.0.99'),
      targetMac: ZERO,
      targetIp: ip(V4),
      ...changes,
    },
    to,
  )
const group = multicastMac(solicitedNodeGroup(ip(V6)))
const solicit = (changes: object = {}, to = group) =>
  encodeNeighbor(
    {
      kind: 'solicitation',
      source: ip('fd77::99'),
      destination: solicitedNodeGroup(ip(V6)),
      target: ip(V6),
      linkLayer: CLIENT,
      solicited: false,
      override: false,
      ...changes,
    },
    CLIENT,
    to,
  )
/** With an 802.1Q tag. */
const tagged = (frame: Uint8Array, id: number) =>
  Uint8Array.of(...frame.subarray(0, 12), 0x81, 0, id >> 8, id & 255, ...frame.subarray(12))
const padded = (frame: Uint8Array, length: number) =>
  Uint8Array.of(...frame, ...new Uint8Array(length - frame.length))

/** Sends it and returns what was counted for it, and nothing else. */
async function counted(frame: Uint8Array): Promise<string> {
  const counts = async () => {
    const { drops, answers } = await host.counters()
    return { ...drops, ...answers } as Readonly<Record<string, number>>
  }
  const before = await counts()
  await sendFromPeer(frame)
  return until(
    'the frame to be counted',
    async () => {
      const now = await counts()
      const more = Object.keys(now).filter((key) => (now[key] ?? 0) > (before[key] ?? 0))
      // The kernels talk too.
      const own = more.filter((key) => key !== 'notAsked' && key !== 'ndUnsolicited')
      return own.length > 0 && own.join()
    },
    { timeoutMs: 5000, everyMs: 10 },
  )
}

for (const [what, frame, expected] of [
  ['a broadcast request', arp(), 'arpRequest'],
  ['a unicast request', arp({}, OWN), 'arpRequest'],
  ['a probe for a VIP', encodeArpProbe(ip(V4), CLIENT), 'arpProbe'],
  ['a request with padding', padded(arp(), 60), 'arpRequest'],
  ['a request with a priority tag', tagged(arp(), 0), 'arpRequest'],
  ['a multicast solicitation', solicit(), 'solicitation'],
  ['a unicast solicitation', solicit({ destination: ip(V6) }, OWN), 'solicitation'],
  [
    'one without a link-layer address',
    solicit({ destination: ip(V6), linkLayer: undefined }, OWN),
    'solicitation',
  ],
  ['a probe for a duplicate', encodeNeighborProbe(ip(V6), CLIENT), 'duplicateProbe'],
  ['a request of a VLAN that is not here', tagged(arp(), 5), 'vlanTagged'],
  ['a solicitation of such', tagged(solicit(), 5), 'vlanTagged'],
  ['a request to another host', arp({}, CLIENT), 'notForUs'],
  [
    'an announcement of another address',
    encodeArpAnnouncement('request', ip('10.77.0.99'), CLIENT),
    'arpAnnouncement',
  ],
  ['a reply to all', encodeArpAnnouncement('reply', ip('10.77.0.99'), CLIENT), 'arpReply'],
  ['a request for another address', arp({ targetIp: ip('10.77.0.8') }), 'notAnnounced'],
  ['a request cut short', arp().subarray(0, 41), 'arpTruncated'],
  ['a request that is far too long', padded(arp(), 1000), 'oversized'],
  ['a solicitation that is far too long', padded(solicit(), 1000), 'oversized'],
  ['a request with long addresses', arp().with(18, 8), 'arpNotEthernetIpv4'],
  ['a request by multicast', arp({ senderMac: group }), 'senderMulticast'],
  ['a request from our own MAC', arp({ senderMac: OWN }), 'senderIsSelf'],
  ['a solicitation from beyond a router', solicit().with(21, 254), 'ndHopLimit'],
  ['a solicitation with one wrong bit', solicit().with(77, 8), 'ndChecksum'],
  ['a solicitation cut short', solicit().subarray(0, 80), 'ndTruncated'],
] as const) {
  test(`netns/frames: ${what} is counted as ${expected}`, async () => {
    assert.equal(await counted(frame), expected)
  })
}

for (const [ip, flag] of [
  [V4, '-4'],
  [V6, '-6'],
] as const) {
  test(`netns/frames: a neighbour's kernel finds ${ip} reachable again and again`, async () => {
    const state = () => must(['ip', '-n', PEER, flag, 'neigh', 'show', ip])
    for (let round = 0; round < 3; round++) {
      const neighbour = [ip, 'lladdr', NODE_MAC, 'dev', 'eth0', 'nud', 'probe']
      await must(['ip', '-n', PEER, flag, 'neigh', 'replace', ...neighbour])
      // By multicast it asks only when three unicast probes have failed, 1 s apart.
      await until('REACHABLE', async () => (await state()).includes('REACHABLE'), {
        timeoutMs: 2500,
        everyMs: 20,
      })
    }
  })
}

test('netns/frames: ndisc6 finds the VIP, by multicast', async () => {
  const { stdout } = await run(inside(PEER, 'ndisc6', '-1', '-w', '5000', V6, 'eth0'))
  assert.match(stdout, new RegExp(NODE_MAC, 'i'))
})
