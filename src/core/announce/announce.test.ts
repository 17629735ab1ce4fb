import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseIp } from '../net/ip.ts'
import { BROADCAST_MAC, parseMac } from '../net/mac.ts'
import { decodeArp, encodeArp } from '../wire/arp.ts'
import { decodeEthernet } from '../wire/ethernet.ts'
import {
  ALL_NODES,
  decodeNeighbor,
  encodeNeighbor,
  multicastMac,
  solicitedNodeGroup,
} from '../wire/icmpv6-nd.ts'
import { decide } from './decide.ts'
import { BURSTS, GratuitousSchedule, INTERVAL_MS, gratuitousFrames } from './gratuitous.ts'
import { solicitedNodeGroups } from './groups.ts'
import { announcingInterfaces } from './interfaces.ts'
import type { AnnouncingInterface, Link } from './interfaces.ts'
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
const vips = new VipTable([
  { ip: '10.0.0.9', interfaces: 'all' },
  { ip: 'fd00::9', interfaces: 'all' },
  { ip: '10.0.0.8', interfaces: ['eth1'] },
  { ip: 'fd00::8', interfaces: ['eth1'] },
])

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
    assert.deepEqual(decide(frame, { on, outgoing: false }, vips), { ok: false, reason })
  })
}

function NOT_HERE() {
  return 'interfaceNotAnnouncing' as const
}

test('announce/decide: what this node sent itself is not answered', () => {
  const answer = decide(arp('10.0.0.9'), { on: eth0, outgoing: true }, vips)
  assert.deepEqual(answer, { ok: false, reason: 'outgoing' })
})

function answerTo(frame: Uint8Array) {
  const answer = decide(frame, { on: eth0, outgoing: false }, vips)
  assert.ok(answer.ok, answer.ok ? '' : answer.reason)
  const ethernet = decodeEthernet(answer.value.frame)
  assert.ok(ethernet.ok)
  assert.deepEqual(ethernet.value.source, OWN)
  return { vip: answer.value.vip.text, ...ethernet.value }
}

for (const [what, frame, asker] of [
  ['broadcast', arp('10.0.0.9'), '10.0.0.2'],
  ['unicast', arp('10.0.0.9', {}, OWN), '10.0.0.2'],
  ['an address probe', arp('10.0.0.9', { senderIp: ip('0.0.0.0') }), '0.0.0.0'],
] as const) {
  test(`announce/decide: a request by ${what} is answered to its sender`, () => {
    const { destination, payload, vip } = answerTo(frame)
    assert.equal(vip, '10.0.0.9')
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
const toAsker = { destination: ip('fd00::2'), solicited: true, override: false }
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
    const { destination, payload, vip } = answerTo(frame)
    assert.equal(vip, 'fd00::9')
    assert.deepEqual(destination, to)
    const value = { kind: 'advertisement', source: ip('fe80::1'), target: ip('fd00::9') }
    assert.deepEqual(decodeNeighbor(payload), {
      ok: true,
      value: { ...value, linkLayer: OWN, ...expected },
    })
  })
}

test('announce/decide: any bytes give an answer or a reason', () => {
  const body = fc.uint8Array({ maxLength: 120 })
  fc.assert(
    fc.property(body, fc.constantFrom(0x0806, 0x86dd), (noise, type) => {
      const frame = Uint8Array.of(...OWN, ...CLIENT, type >> 8, type & 0xff, ...noise)
      const answer = decide(frame, { on: eth0, outgoing: false }, vips)
      assert.ok(answer.ok || answer.reason.length > 0)
    }),
  )
})

const UP = 0x1 | 0x2 | 0x40
const link = (changes: Partial<Link>): Link => ({
  index: 2,
  name: 'eth0',
  mac: OWN,
  flags: UP,
  master: 0,
  ...changes,
})
const linkLocal = (flags = 0) => ({ index: 2, ip: ip('fe80::1'), prefixLength: 64, flags })
const global = { index: 2, ip: ip('fd00::1'), prefixLength: 64, flags: 0 }
const both = [{ ...eth0 }]
const onlyArp = [{ ...eth0, linkLocal: undefined }]
for (const [what, changes, addresses, expected] of [
  ['one that is up speaks both', {}, [global, linkLocal()], both],
  ['one without link-local address speaks ARP', {}, [global], onlyArp],
  ['a tentative link-local address does not count', {}, [linkLocal(0x40)], onlyArp],
  ['a duplicate link-local address does not count', {}, [linkLocal(0x08)], onlyArp],
  [
    'one without broadcast speaks IPv6',
    { flags: UP & ~0x2 },
    [linkLocal()],
    [{ ...eth0, arp: false }],
  ],
  ['one with neither is left out', { flags: UP & ~0x2 }, [], []],
  ['one that is down is left out', { flags: UP & ~0x1 }, [linkLocal()], []],
  ['one without carrier is left out', { flags: UP & ~0x40 }, [linkLocal()], []],
  [
    'one whose carrier is only just there counts',
    { flags: (UP & ~0x40) | 0x10000 },
    [linkLocal()],
    both,
  ],
  ['one that is dormant is left out', { flags: UP | 0x30000 }, [linkLocal()], []],
  ['a point-to-point link is left out', { flags: UP | 0x10 }, [linkLocal()], []],
  ['loopback is left out', { flags: UP | 0x8 }, [linkLocal()], []],
  ['one without ARP is left out', { flags: UP | 0x80 }, [linkLocal()], []],
  ['a port of a bridge is left out', { master: 7 }, [linkLocal()], []],
  ['one without MAC is left out', { mac: undefined }, [linkLocal()], []],
  ['an excluded name is left out', { name: 'veth12' }, [linkLocal()], []],
] as const) {
  test(`announce/interfaces: ${what}`, () => {
    assert.deepEqual(announcingInterfaces([link(changes)], addresses, [/^veth.*/]), expected)
  })
}

const names = (taken: readonly { vip: { text: string } }[]) => taken.map(({ vip }) => vip.text)
const one = new VipTable([{ ip: '10.0.0.9', interfaces: 'all' }])
const two = new VipTable([
  { ip: '10.0.0.9', interfaces: 'all' },
  { ip: '10.0.0.8', interfaces: 'all' },
])
const none = new VipTable()

test('announce/gratuitous: five bursts, 1.1 s apart, then silence', () => {
  const schedule = new GratuitousSchedule()
  schedule.update(1000, one, [eth0])
  const times: number[] = []
  for (let at = schedule.deadline; at !== undefined; at = schedule.deadline) {
    assert.equal(schedule.take(at - 1, 10).length, 0)
    assert.equal(schedule.take(at, 10).length, 1)
    times.push(at)
  }
  assert.deepEqual(
    times,
    Array.from({ length: BURSTS }, (_, i) => 1000 + i * INTERVAL_MS),
  )
})

test('announce/gratuitous: what is gone is not announced once more', () => {
  const schedule = new GratuitousSchedule()
  schedule.update(0, one, [eth0])
  schedule.take(0, 10)
  schedule.update(1, none, [eth0])
  assert.equal(schedule.deadline, undefined)
})

test('announce/gratuitous: a table sent again starts only what is new', () => {
  const schedule = new GratuitousSchedule()
  schedule.update(0, one, [eth0])
  schedule.take(0, 10)
  schedule.update(500, two, [eth0])
  assert.deepEqual(names(schedule.take(500, 10)), ['10.0.0.8'])
})

test('announce/gratuitous: `again` starts everything', () => {
  const schedule = new GratuitousSchedule()
  schedule.update(0, one, [eth0])
  schedule.take(0, 10)
  schedule.update(500, one, [eth0], true)
  assert.deepEqual(names(schedule.take(500, 10)), ['10.0.0.9'])
  assert.equal(schedule.deadline, 500 + INTERVAL_MS)
})

for (const [what, changes] of [
  ['an interface that came', { index: 3, name: 'eth1' }],
  ['a changed MAC', { mac: OTHER }],
] as const) {
  test(`announce/gratuitous: ${what} starts its own bursts`, () => {
    const schedule = new GratuitousSchedule()
    schedule.update(0, one, [eth0])
    schedule.take(0, 10)
    schedule.update(500, one, [{ ...eth0, ...changes }])
    assert.deepEqual(names(schedule.take(500, 10)), ['10.0.0.9'])
  })
}

test('announce/gratuitous: first bursts go before repeated ones, at most `limit` at a time', () => {
  const schedule = new GratuitousSchedule()
  schedule.update(0, one, [eth0])
  schedule.take(0, 10)
  schedule.update(INTERVAL_MS, two, [eth0])
  assert.deepEqual(names(schedule.take(INTERVAL_MS, 1)), ['10.0.0.8'])
  assert.deepEqual(names(schedule.take(INTERVAL_MS, 1)), ['10.0.0.9'])
})

test('announce/gratuitous: only on interfaces allowed that speak the family', () => {
  const schedule = new GratuitousSchedule()
  schedule.update(0, vips, [{ ...eth0, linkLocal: undefined }])
  assert.deepEqual(names(schedule.take(0, 10)), ['10.0.0.9'])
})

test('announce/gratuitous: IPv4 is a request and a reply to all', () => {
  const [vip] = one
  assert.ok(vip)
  const frames = gratuitousFrames({ vip, on: eth0 }).map(decodeEthernet)
  const operations = frames.map((frame) => {
    assert.ok(frame.ok)
    assert.deepEqual(frame.value.destination, BROADCAST_MAC)
    const packet = decodeArp(frame.value.payload)
    return packet.ok && packet.value.operation
  })
  assert.deepEqual(operations, ['request', 'reply'])
})

test('announce/gratuitous: IPv6 is an unsolicited override to all nodes', () => {
  const [vip] = new VipTable([{ ip: 'fd00::9', interfaces: 'all' }])
  assert.ok(vip)
  const [frame] = gratuitousFrames({ vip, on: eth0 }).map(decodeEthernet)
  assert.ok(frame?.ok)
  assert.deepEqual(frame.value.destination, multicastMac(ALL_NODES))
  const value = { kind: 'advertisement', source: ip('fe80::1'), target: ip('fd00::9') }
  assert.deepEqual(decodeNeighbor(frame.value.payload), {
    ok: true,
    value: { ...value, linkLayer: OWN, ...toAll },
  })
})

test('announce/groups: addresses with the same last bits share a group, on allowed interfaces', () => {
  const table = new VipTable([
    { ip: 'fd00::9', interfaces: 'all' },
    { ip: 'fd00:1::9', interfaces: 'all' },
    { ip: 'fd00::a', interfaces: ['eth1'] },
    { ip: '10.0.0.9', interfaces: 'all' },
  ])
  assert.deepEqual(solicitedNodeGroups(table, [eth0]), [
    { interface: 'eth0', index: 2, group: 'ff02::1:ff00:9' },
  ])
})
