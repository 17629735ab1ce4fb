import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseIp } from '../net/ip.ts'
import { BROADCAST_MAC, parseMac } from '../net/mac.ts'
import { decodeArp } from '../wire/arp.ts'
import { decodeEthernet } from '../wire/ethernet.ts'
import { ALL_NODES, decodeNeighbor, multicastMac } from '../wire/icmpv6-nd.ts'
import {
  BURSTS,
  GratuitousSchedule,
  INTERVAL_MS,
  PROBED_MS,
  PROBE_AGAIN_MS,
  gratuitousFrames,
  probeFrame,
} from './gratuitous.ts'
import type { AnnouncingInterface } from './interfaces.ts'
import { IDENTIFY_MS } from './rivals.ts'
import { VipTable } from './vips.ts'

const mac = (last: string) => parseMac(`02:00:00:00:00:${last}`) ?? BROADCAST_MAC
const ip = (text: string) => parseIp(text) ?? ALL_NODES
const OWN = mac('01')
const OTHER = mac('03')

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
const toAll = { destination: ALL_NODES, solicited: false, override: true }

const names = (taken: readonly { vip: { text: string } }[]) => taken.map(({ vip }) => vip.text)
const one = new VipTable([{ ip: '10.0.0.9', interfaces: 'all' }])
const two = new VipTable([
  { ip: '10.0.0.9', interfaces: 'all' },
  { ip: '10.0.0.8', interfaces: 'all' },
])
const none = new VipTable()

/** All that `schedule` sends until `untilMs`, as text. */
function sent(schedule: GratuitousSchedule, untilMs: number): string[] {
  const all: string[] = []
  for (let at = schedule.deadline; at !== undefined && at <= untilMs; at = schedule.deadline) {
    assert.equal(schedule.take(at - 1, 10).length, 0)
    const taken = schedule.take(at, 10)
    assert.equal(taken.length, 1)
    all.push(...taken.map(({ sends, first }) => `${at} ${sends}${first ? ' first' : ''}`))
  }
  return all
}

test('announce/gratuitous: five bursts, 1.1 s apart, one probe after the first, then silence', () => {
  const schedule = new GratuitousSchedule()
  schedule.update(1000, one, [eth0])
  const all = sent(schedule, 1e9)
  const bursts = Array.from({ length: BURSTS }, (_, i) => `${1000 + i * INTERVAL_MS} announcement`)
  const [first, ...others] = bursts
  assert.deepEqual(all, [`${first} first`, '1500 probe', ...others])
})

test('announce/gratuitous: a refresh now and then, and a probe after each', () => {
  const schedule = new GratuitousSchedule(60_000)
  schedule.update(0, one, [eth0])
  assert.deepEqual(sent(schedule, 190_000).slice(6), [
    '64400 announcement',
    '64900 probe',
    '124400 announcement',
    '124900 probe',
    '184400 announcement',
    '184900 probe',
  ])
})

test('announce/gratuitous: a new address is probed for before it is announced', () => {
  const schedule = new GratuitousSchedule()
  schedule.update(0, one, [eth0], { probed: () => true })
  assert.deepEqual(sent(schedule, PROBED_MS + 1), [
    '0 probe',
    `${PROBE_AGAIN_MS} probe`,
    `${PROBED_MS} announcement first`,
  ])
})

test('announce/gratuitous: who answers to either probe is known before it is announced, within 200 ms', () => {
  assert.ok(PROBE_AGAIN_MS + IDENTIFY_MS < PROBED_MS)
  assert.ok(PROBED_MS < 200)
})

test('announce/gratuitous: new addresses that have been asked for are not kept waiting by newer ones', () => {
  const schedule = new GratuitousSchedule()
  const probed = () => true
  schedule.update(0, one, [eth0], { probed })
  schedule.take(0, 10)
  schedule.update(PROBE_AGAIN_MS, two, [eth0], { probed })
  assert.deepEqual(names(schedule.take(PROBE_AGAIN_MS, 1)), ['10.0.0.9'])
  // The other has not been asked for at all yet.
  const [next] = schedule.take(PROBED_MS, 1)
  assert.deepEqual([next?.vip.text, next?.sends], ['10.0.0.9', 'announcement'])
})

test('announce/gratuitous: what is taken over goes before what is announced again', () => {
  const schedule = new GratuitousSchedule()
  schedule.update(0, one, [eth0])
  schedule.take(0, 10)
  schedule.update(10, one, [eth0], { again: true })
  schedule.update(20, two, [eth0])
  assert.deepEqual(names(schedule.take(20, 10)), ['10.0.0.8', '10.0.0.9'])
})

test('announce/gratuitous: `again` does not cut short that it is probed for', () => {
  const schedule = new GratuitousSchedule()
  schedule.update(0, one, [eth0], { probed: () => true })
  schedule.take(0, 10)
  schedule.update(10, one, [eth0], { again: true })
  assert.equal(schedule.deadline, PROBE_AGAIN_MS)
})

test('announce/gratuitous: what is asked for is announced before its turn, and once', () => {
  const schedule = new GratuitousSchedule()
  schedule.update(0, two, [eth0])
  const asked = one.named('10.0.0.9')
  assert.ok(asked)
  const [early] = schedule.hasten(5, asked, [eth0])
  assert.equal(early?.first, true)
  assert.deepEqual(schedule.hasten(5, asked, [eth0]), [])
  assert.deepEqual(names(schedule.take(5, 10)), ['10.0.0.8'])
})

test('announce/gratuitous: nothing is hastened that is still probed for', () => {
  const schedule = new GratuitousSchedule()
  schedule.update(0, one, [eth0], { probed: () => true })
  const [asked] = one
  assert.ok(asked)
  assert.deepEqual(schedule.hasten(5, asked, [eth0]), [])
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
  schedule.update(400, two, [eth0])
  assert.deepEqual(names(schedule.take(400, 10)), ['10.0.0.8'])
})

test('announce/gratuitous: `again` starts everything', () => {
  const schedule = new GratuitousSchedule()
  schedule.update(0, one, [eth0])
  schedule.take(0, 10)
  schedule.update(500, one, [eth0], { again: true })
  assert.deepEqual(names(schedule.take(500, 10)), ['10.0.0.9'])
  assert.equal(schedule.deadline, 1000)
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
  schedule.take(500, 10)
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

test('announce/gratuitous: a probe asks without an address of its own', () => {
  const frames = [...vips].slice(0, 2).map((vip) => probeFrame({ vip, on: eth0 }))
  const [arp, nd] = frames.map((frame) => {
    const ethernet = decodeEthernet(frame)
    assert.ok(ethernet.ok)
    return ethernet.value.payload
  })
  const four = decodeArp(arp ?? new Uint8Array())
  assert.ok(four.ok)
  assert.deepEqual(
    [four.value.operation, four.value.senderIp, four.value.targetIp],
    ['request', ip('0.0.0.0'), ip('10.0.0.9')],
  )
  const six = decodeNeighbor(nd ?? new Uint8Array())
  assert.ok(six.ok)
  assert.deepEqual(
    [six.value.kind, six.value.source, six.value.target],
    ['solicitation', ip('::'), ip('fd00::9')],
  )
})
