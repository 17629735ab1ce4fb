import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseIp } from '../net/ip.ts'
import { BROADCAST_MAC, parseMac } from '../net/mac.ts'
import { encodeArp, encodeArpAnnouncement } from '../wire/arp.ts'
import { sameMac } from '../wire/ethernet.ts'
import { ALL_NODES, encodeNeighbor, multicastMac } from '../wire/icmpv6-nd.ts'
import { claimedIn } from './claim.ts'
import { gratuitousFrames } from './gratuitous.ts'
import type { AnnouncingInterface } from './interfaces.ts'
import { VipTable } from './vips.ts'

const mac = (last: string) => parseMac(`02:00:00:00:00:${last}`) ?? BROADCAST_MAC
const ip = (text: string) => parseIp(text) ?? ALL_NODES
const OWN = mac('01')
const OTHER = mac('03')
const [V4, V6] = [ip('10.0.0.9'), ip('fd00::9')]

const eth0: AnnouncingInterface = {
  index: 2,
  name: 'eth0',
  mac: OWN,
  arp: true,
  linkLocal: ip('fe80::1'),
}
const others = { ...eth0, mac: OTHER, linkLocal: ip('fe80::3') }
const vips = new VipTable([
  { ip: '10.0.0.9', interfaces: 'all' },
  { ip: 'fd00::9', interfaces: 'all' },
  { ip: '10.0.0.8', interfaces: ['eth1'] },
])
const claimed = (frame: Uint8Array) =>
  claimedIn(frame, eth0, vips, (mac) => sameMac(mac, OWN))?.text

const announcement = (text: string, from = OTHER) =>
  encodeArpAnnouncement('request', ip(text), from)
const arp = (changes: object) =>
  encodeArp(
    {
      operation: 'request',
      senderMac: OTHER,
      senderIp: ip('10.0.0.2'),
      targetMac: new Uint8Array(6),
      targetIp: V4,
      ...changes,
    },
    BROADCAST_MAC,
  )
const advertisement = (changes: object) =>
  encodeNeighbor(
    {
      kind: 'advertisement',
      source: others.linkLocal,
      destination: ALL_NODES,
      target: V6,
      linkLayer: OTHER,
      solicited: false,
      override: true,
      ...changes,
    },
    OTHER,
    multicastMac(ALL_NODES),
  )

for (const vip of vips) {
  if (vip.interfaces !== 'all') continue
  test(`announce/claim: what another of ours announces of ${vip.text} claims it`, () => {
    for (const frame of gratuitousFrames({ vip, on: others })) {
      assert.equal(claimed(frame), vip.text)
    }
  })
}

for (const [what, frame] of [
  ['an announcement of our own, come back by another of our ports', announcement('10.0.0.9', OWN)],
  ['one of an address that is not here', announcement('10.0.0.7')],
  ['one where the address is not announced', announcement('10.0.0.8')],
  ['a request', arp({})],
  ['a probe whether it is free', arp({ senderIp: ip('0.0.0.0') })],
  ['an answer to a solicitation', advertisement({ solicited: true, override: false })],
  ['an advertisement that overrides nothing', advertisement({ override: false })],
  ['an advertisement of our own', advertisement({ linkLayer: OWN })],
  ['an advertisement without a MAC', advertisement({ linkLayer: undefined })],
  ['a frame cut off', announcement('10.0.0.9').subarray(0, 30)],
] as const) {
  test(`announce/claim: nothing is claimed by ${what}`, () => {
    assert.equal(claimed(frame), undefined)
  })
}

test('announce/claim: any bytes claim something or nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      claimed(bytes)
    }),
  )
})
