import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getHeapStatistics } from 'node:v8'
import fc from 'fast-check'
import { parseIp } from '../net/ip.ts'
import { BROADCAST_MAC, parseMac } from '../net/mac.ts'
import { decodeArp, encodeArp } from '../wire/arp.ts'
import { decodeEthernet, frameBuffer } from '../wire/ethernet.ts'
import {
  ALL_NODES,
  decodeNeighbor,
  encodeNeighbor,
  multicastMac,
  solicitedNodeGroup,
} from '../wire/icmpv6-nd.ts'
import { Responder } from './decide.ts'
import type { AnnouncingInterface } from './interfaces.ts'
import { VipTable } from './vips.ts'

const mac = (last: string) => parseMac(`02:00:00:00:00:${last}`) ?? BROADCAST_MAC
const ip = (text: string) => parseIp(text) ?? ALL_NODES
const OWN = mac('01')
const CLIENT = mac('02')
const OTHER = mac('03')
const ZERO = new Uint8Array(6)

const eth0: AnnouncingInterface = {
  index: 2,
  name: 'eth0',
  mac: OWN,
  arp: true,
  linkLocal: ip('fe80::1'),
}
const VIPS = [
  { ip: '10.0.0.9', interfaces: 'all' },
  { ip: 'fd00::9', interfaces: 'all' },
  { ip: '10.0.0.8', interfaces: ['eth1'] },
  { ip: 'fd00::8', interfaces: ['eth1'] },
] as const
const vips = new VipTable(VIPS)

/** One for all: what one frame leaves behind is not to be seen in the answer to the next. */
const responder = new Responder()
const decide = (
  frame: Uint8Array,
  on: AnnouncingInterface | undefined = eth0,
  lame = new VipTable(),
) => responder.decide(frameBuffer(frame), on, vips, lame)

const arp = (target: string, changes: object = {}, to = BROADCAST_MAC) =>
  encodeArp(
    {
      operation: 'request',
      senderMac: CLIENT,
      senderIp: ip('10.0.0.2'),
      targetMac: ZERO,
      targetIp: ip(target),
      ...changes,
    },
    to,
  )
const solicit = (target: string, changes: object = {}, to?: Uint8Array, from = CLIENT) =>
  encodeNeighbor(
    {
      kind: 'solicitation',
      source: ip('fd00::2'),
      destination: solicitedNodeGroup(ip(target)),
      target: ip(target),
      linkLayer: CLIENT,
      solicited: false,
      override: false,
      ...changes,
    },
    from,
    to ?? multicastMac(solicitedNodeGroup(ip(target))),
  )

for (const [what, frame, on, reason] of [
  ['a request for another address', arp('10.0.0.7'), eth0, 'notAnnounced'],
  ['a request for a VIP of eth1', arp('10.0.0.8'), eth0, 'notOnThisInterface'],
  ['a request to another MAC', arp('10.0.0.9', {}, OTHER), eth0, 'notForUs'],
  ['a reply', arp('10.0.0.9', { operation: 'reply' }), eth0, 'arpReply'],
  [
    'an announcement of another',
    arp('10.0.0.9', { senderIp: ip('10.0.0.9') }),
    eth0,
    'arpAnnouncement',
  ],
  ['a request from our own MAC', arp('10.0.0.9', { senderMac: OWN }), eth0, 'senderIsSelf'],
  ['a solicitation from it', solicit('fd00::9', { linkLayer: OWN }), eth0, 'senderIsSelf'],
  ['a broadcast sender', arp('10.0.0.9', { senderMac: BROADCAST_MAC }), eth0, 'senderMulticast'],
  ['a request where there is no ARP', arp('10.0.0.9'), { ...eth0, arp: false }, NOT_HERE()],
  ['a request on an interface left out', arp('10.0.0.9'), undefined, NOT_HERE()],
  ['a cut request', arp('10.0.0.9').subarray(0, 41), eth0, 'arpTruncated'],
  ['a cut header', arp('10.0.0.9').subarray(0, 13), eth0, 'ethernetTruncated'],
  ['an IPv4 packet', arp('10.0.0.9').with(13, 0), eth0, 'ethernetUnknownType'],
  ['a solicitation for another address', solicit('fd00::7'), eth0, 'notAnnounced'],
  ['a solicitation for a VIP of eth1', solicit('fd00::8'), eth0, 'notOnThisInterface'],
  ['a solicitation to another MAC', solicit('fd00::9', {}, OTHER), eth0, 'notForUs'],
  ['an advertisement', solicit('fd00::9', { kind: 'advertisement' }), eth0, 'ndAdvertisement'],
  ['a multicast sender', solicit('fd00::9', { linkLayer: BROADCAST_MAC }), eth0, 'senderMulticast'],
  [
    'a solicitation where there is no IPv6',
    solicit('fd00::9'),
    { ...eth0, linkLocal: undefined },
    NOT_HERE(),
  ],
] as const) {
  test(`announce/decide: ${what} is not answered: ${reason}`, () => {
    assert.equal(responder.decide(frameBuffer(frame), on, vips), reason)
  })
}

function NOT_HERE() {
  return 'interfaceNotAnnouncing' as const
}

function answerTo(frame: Uint8Array, lame?: VipTable) {
  assert.equal(decide(frame, eth0, lame), undefined)
  const ethernet = decodeEthernet(Uint8Array.from(responder.reply))
  assert.ok(ethernet.ok)
  assert.deepEqual(ethernet.value.source, OWN)
  return { vip: responder.vip?.text, asked: responder.asked, ...ethernet.value }
}

for (const [what, frame, asker, kind] of [
  ['broadcast', arp('10.0.0.9'), '10.0.0.2', 'arpRequest'],
  ['unicast', arp('10.0.0.9', {}, OWN), '10.0.0.2', 'arpRequest'],
  ['an address probe', arp('10.0.0.9', { senderIp: ip('0.0.0.0') }), '0.0.0.0', 'arpProbe'],
] as const) {
  test(`announce/decide: a request by ${what} is answered to its sender`, () => {
    const { destination, payload, vip, asked } = answerTo(frame)
    assert.deepEqual([vip, asked], ['10.0.0.9', kind])
    assert.deepEqual(destination, CLIENT)
    assert.deepEqual(decodeArp(payload), {
      ok: true,
      value: {
        operation: 'reply',
        senderMac: OWN,
        senderIp: ip('10.0.0.9'),
        targetMac: CLIENT,
        targetIp: ip(asker),
      },
    })
  })
}

const unicastTo = { destination: ip('fd00::9') }
const probe = { source: ip('::'), linkLayer: undefined }
const toAsker = { destination: ip('fd00::2'), solicited: true, override: true }
const toAll = { destination: ALL_NODES, solicited: false, override: true }
for (const [what, frame, to, expected] of [
  ['by multicast', solicit('fd00::9'), CLIENT, toAsker],
  ['by unicast', solicit('fd00::9', unicastTo, OWN), CLIENT, toAsker],
  [
    'without link-layer address, to its Ethernet source',
    solicit('fd00::9', { ...unicastTo, linkLayer: undefined }, OWN, OTHER),
    OTHER,
    toAsker,
  ],
  ['to find duplicates, to all', solicit('fd00::9', probe), multicastMac(ALL_NODES), toAll],
] as const) {
  test(`announce/decide: a solicitation is answered: ${what}`, () => {
    const { destination, payload, vip, asked } = answerTo(frame)
    assert.deepEqual(
      [vip, asked],
      ['fd00::9', expected === toAll ? 'duplicateProbe' : 'solicitation'],
    )
    assert.deepEqual(destination, to)
    const value = { kind: 'advertisement', source: ip('fd00::9'), target: ip('fd00::9') }
    assert.deepEqual(decodeNeighbor(payload), {
      ok: true,
      value: { ...value, linkLayer: OWN, ...expected },
    })
  })
}

test('announce/decide: what another is about to take is answered without override, but defended', () => {
  const lame = new VipTable([VIPS[1]])
  for (const [frame, override] of [
    [solicit('fd00::9'), false],
    [solicit('fd00::9', probe), true],
  ] as const) {
    const advertisement = decodeNeighbor(answerTo(frame, lame).payload)
    assert.ok(advertisement.ok)
    assert.equal(advertisement.value.override, override)
  }
})

test('announce/decide: any bytes give an answer or a reason', () => {
  const body = fc.uint8Array({ maxLength: 120 })
  fc.assert(
    fc.property(body, fc.constantFrom(0x0806, 0x86dd), (noise, type) => {
      const frame = Uint8Array.of(...OWN, ...CLIENT, type >> 8, type & 0xff, ...noise)
      const reason = decide(frame)
      assert.equal(reason === undefined, responder.vip !== undefined)
    }),
  )
})

test('announce/decide: what lies in the buffer behind the frame is not read', () => {
  for (const frame of [arp('10.0.0.9'), solicit('fd00::9')]) {
    for (let length = 0; length < frame.length; length++) {
      const cut = { ...frameBuffer(frame), length }
      assert.ok(responder.decide(cut, eth0, vips), `answers ${length} of ${frame.length} bytes`)
    }
  }
})

test('announce/decide: whoever asks for any of many addresses is answered with that one', () => {
  const many = Array.from({ length: 500 }, (_, i) => [`10.9.${i >> 8}.${i & 255}`, `fd09::${i}`])
  const table = new VipTable(many.flat().map((ip) => ({ ip, interfaces: 'all' })))
  const index = fc.nat(many.length - 1)
  fc.assert(
    fc.property(index, fc.boolean(), (i, four) => {
      const [ipv4 = '', ipv6 = ''] = many[i] ?? []
      const frame = four ? arp(ipv4) : solicit(ipv6)
      assert.equal(responder.decide(frameBuffer(frame), eth0, table), undefined)
      assert.equal(responder.vip?.text, four ? ipv4 : ipv6)
      const ethernet = decodeEthernet(responder.reply)
      assert.ok(ethernet.ok)
      const read = four ? decodeArp(ethernet.value.payload) : decodeNeighbor(ethernet.value.payload)
      assert.ok(read.ok)
      const answered = 'senderIp' in read.value ? read.value.senderIp : read.value.target
      assert.deepEqual(answered, ip(four ? ipv4 : ipv6))
    }),
  )
})

test('announce/decide: nothing is allocated for a frame, answered or not', () => {
  const [FRAMES, ROUNDS, TRIES] = [500, 100, 50]
  const buffers = [
    arp('10.0.0.9'),
    solicit('fd00::9'),
    solicit('fd00::9', probe),
    arp('10.0.0.7'),
    solicit('fd00::7'),
    arp('10.0.0.9').subarray(0, 40),
  ].map(frameBuffer)
  const round = () => {
    const before = getHeapStatistics().used_heap_size
    for (let i = 0; i < FRAMES; i++) {
      for (const buffer of buffers) responder.decide(buffer, eth0, vips)
    }
    return (getHeapStatistics().used_heap_size - before) / (FRAMES * buffers.length)
  }
  // Now and then garbage is collected: that of others.
  const median = () =>
    Array.from({ length: ROUNDS }, round).sort((a, b) => a - b)[ROUNDS / 2] ?? NaN
  // They are compiled while they run, by a thread that other processes may keep waiting.
  let bytes = median()
  for (let tries = 1; tries < TRIES && bytes >= 2; tries++) bytes = median()
  // One word each would be 8.
  assert.ok(bytes < 2, `${bytes} bytes a frame`)
})
