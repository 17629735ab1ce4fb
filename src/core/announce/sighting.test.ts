import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseIp } from '../net/ip.ts'
import { BROADCAST_MAC, formatMac, parseMac } from '../net/mac.ts'
import { encodeArp, encodeArpAnnouncement, encodeArpProbe } from '../wire/arp.ts'
import { frameBuffer } from '../wire/ethernet.ts'
import { ALL_NODES, encodeNeighbor, encodeNeighborProbe } from '../wire/icmpv6-nd.ts'
import { senderIs, senderOf, usedBySender } from './sighting.ts'
import { VipTable } from './vips.ts'

const ip = (text: string) => parseIp(text) ?? ALL_NODES
const RIVAL = parseMac('02:00:00:00:00:99') ?? BROADCAST_MAC
const OTHER = parseMac('02:00:00:00:00:98') ?? BROADCAST_MAC
const ZERO = new Uint8Array(6)
const vips = new VipTable([
  { ip: '10.0.0.9', interfaces: 'all' },
  { ip: 'fd00::9', interfaces: 'all' },
  { ip: '10.0.0.8', interfaces: ['eth1'] },
])
const used = (frame: Uint8Array) => usedBySender(frameBuffer(frame), 'eth0', vips)?.text

const arp = (operation: 'request' | 'reply', sender: string, target: string) =>
  encodeArp(
    { operation, senderMac: RIVAL, senderIp: ip(sender), targetMac: ZERO, targetIp: ip(target) },
    BROADCAST_MAC,
  )
const nd = (changes: object) =>
  encodeNeighbor(
    {
      kind: 'advertisement',
      source: ip('fd00::9'),
      destination: ip('fd00::1'),
      target: ip('fd00::9'),
      linkLayer: RIVAL,
      solicited: true,
      override: true,
      ...changes,
    },
    OTHER,
    OTHER,
  )
const asks = { kind: 'solicitation', target: ip('fd00::1'), solicited: false, override: false }
const toAll = { destination: ALL_NODES, solicited: false }

for (const [what, frame, vip, mac = RIVAL] of [
  ['a request for another', arp('request', '10.0.0.9', '10.0.0.1'), '10.0.0.9'],
  ['a reply', arp('reply', '10.0.0.9', '10.0.0.1'), '10.0.0.9'],
  ['an announcement', encodeArpAnnouncement('reply', ip('10.0.0.9'), RIVAL), '10.0.0.9'],
  ['an advertisement', nd({}), 'fd00::9'],
  ['an advertisement to all', nd(toAll), 'fd00::9'],
  ['an advertisement without its MAC', nd({ linkLayer: undefined }), 'fd00::9', OTHER],
  ['a solicitation for another', nd(asks), 'fd00::9'],
] as const) {
  test(`announce/sighting: whoever sends ${what} from an address uses it`, () => {
    assert.equal(used(frame), vip)
    assert.ok(senderIs(frameBuffer(frame), mac))
    assert.equal(formatMac(senderOf(frameBuffer(frame))), formatMac(mac))
  })
}

for (const [what, frame] of [
  ['a request for the address', arp('request', '10.0.0.2', '10.0.0.9')],
  ['a probe for it', encodeArpProbe(ip('10.0.0.9'), RIVAL)],
  ['a neighbour probe for it', encodeNeighborProbe(ip('fd00::9'), RIVAL)],
  ['a use of it where it is not announced', arp('reply', '10.0.0.8', '10.0.0.1')],
  ['a solicitation for it', nd({ ...asks, source: ip('fd00::2'), target: ip('fd00::9') })],
  ['an advertisement that is damaged', nd({}).with(60, 1)],
  ['a frame cut short', arp('reply', '10.0.0.9', '10.0.0.1').subarray(0, 41)],
] as const) {
  test(`announce/sighting: ${what} is no use of it`, () => {
    assert.equal(used(frame), undefined)
  })
}

test('announce/sighting: any bytes are a use or none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      used(bytes)
    }),
  )
})
