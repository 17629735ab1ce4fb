import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIp, parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { OpenQuestions, answeredBy, question } from './ask.ts'
import { CarrierWatch } from './carrier.ts'
import type { Link, LinkAddress } from './interfaces.ts'

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
const ip = (text: string): Ip => parseIp(text) ?? assert.fail(text)

const UP = 0x1 | 0x2 | 0x40
const eth0: Link = { index: 2, name: 'eth0', mac: hex('020000000001'), flags: UP, master: 0 }
const eth1: Link = { index: 3, name: 'eth1', mac: hex('020000000003'), flags: UP, master: 0 }
const on = ({ index }: Link, cidr: string, flags = 0): LinkAddress => {
  const [address = '', length] = cidr.split('/')
  return { index, ip: ip(address), prefixLength: Number(length), flags }
}
const V4 = on(eth0, '10.0.0.1/24')
const V6 = on(eth0, 'fd00::1/64')
const LOCAL = on(eth0, 'fe80::1/64')

/** From 02:…:01 and 10.0.0.1 to all: who has 10.0.0.2? */
const REQUEST = `
  ffffffffffff 020000000001 0806
  0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002`
/** From 02:…:01 and fd00::1 to ff02::1:ff00:2: who has fd00::2? */
const SOLICITATION = `
  3333ff000002 020000000001 86dd
  60000000 0020 3a ff fd000000000000000000000000000001 ff0200000000000000000001ff000002
  87 00 7d97 00000000 fd000000000000000000000000000002 0101 020000000001`

for (const [what, target, frame] of [
  ['by ARP, to all', '10.0.0.2', REQUEST],
  ['by a solicitation, to its group', 'fd00::2', SOLICITATION],
] as const) {
  test(`announce/ask: a neighbour is asked ${what}`, () => {
    const asked = question(ip(target), [eth0, eth1], [LOCAL, V4, V6])
    assert.deepEqual(asked, { index: 2, frame: hex(frame) })
  })
}

const asksOn = (target: string, links: Link[], addresses: LinkAddress[]) =>
  question(ip(target), links, addresses)?.index

for (const [what, changes, address, expected] of [
  ['an interface that is up', {}, V4, 2],
  ['a port of a bond, bridge or VRF that has an address', { master: 7 }, V4, 2],
  ['another subnet: nobody', {}, on(eth0, '10.0.1.1/24'), undefined],
  ['an address of its own alone, as a VIP has: nobody', {}, on(eth0, '10.0.0.1/32'), undefined],
  ['one without carrier: nobody', { flags: UP & ~0x40 }, V4, undefined],
  ['one that is down: nobody', { flags: UP & ~0x1 }, V4, undefined],
  ['loopback: nobody', { flags: UP | 0x8 }, V4, undefined],
  ['one without ARP: nobody', { flags: UP | 0x80 }, V4, undefined],
  ['one without MAC: nobody', { mac: undefined }, V4, undefined],
  ['an address that is a duplicate: nobody', {}, { ...V4, flags: 0x08 }, undefined],
  ['an address of no interface: nobody', { index: 9 }, V4, undefined],
] as const) {
  test(`announce/ask: asks on ${what}`, () => {
    assert.equal(asksOn('10.0.0.2', [{ ...eth0, ...changes }], [address]), expected)
  })
}

test('announce/ask: of several subnets the narrowest is asked', () => {
  const wide = on(eth0, '10.0.0.1/16')
  const narrow = on(eth1, '10.0.0.3/24')
  for (const addresses of [
    [wide, narrow],
    [narrow, wide],
  ]) {
    assert.equal(asksOn('10.0.0.2', [eth0, eth1], addresses), 3)
    assert.equal(asksOn('10.0.1.2', [eth0, eth1], addresses), 2)
  }
})

const REPLY = `
  020000000001 020000000002 0806
  0001 0800 06 04 0002 020000000002 0a000002 020000000001 0a000001 ${'00'.repeat(18)}`
const ADVERTISEMENT = `
  020000000001 020000000002 86dd
  60000000 0020 3a ff fd000000000000000000000000000002 fd000000000000000000000000000001
  88 00 1c9a 60000000 fd000000000000000000000000000002 0201 020000000002`

for (const [what, frame, expected] of [
  ['an ARP reply', REPLY, '10.0.0.2'],
  ['an advertisement', ADVERTISEMENT, 'fd00::2'],
  ['an ARP request', REQUEST, 'arpRequest'],
  ['a solicitation', SOLICITATION, 'ndSolicitation'],
  [
    'an advertisement that answers nothing',
    ADVERTISEMENT.replace('1c9a 60', '5c9a 20'),
    'ndUnsolicited',
  ],
  ['a cut reply', REPLY.replace(`0a000001 ${'00'.repeat(18)}`, ''), 'arpTruncated'],
  ['an advertisement damaged', ADVERTISEMENT.replace('1c9a', '1c9b'), 'ndChecksum'],
  ['a frame of another type', REPLY.replace('0806', '0800'), 'ethernetUnknownType'],
  ['less than a header', '020000000001', 'ethernetTruncated'],
] as const) {
  test(`announce/ask: ${what} says: ${expected}`, () => {
    const from = answeredBy(hex(frame))
    assert.equal(from.ok ? formatIp(from.value) : from.reason, expected)
  })
}

test('announce/ask: any bytes are an answer or have a reason', () => {
  const damaged = [REPLY, ADVERTISEMENT].map(hex).flatMap((good) => [
    fc
      .tuple(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.nat(good.length),
      )
      .map(([damage, length]) => {
        const bytes = good.slice()
        for (const [at, value] of damage) bytes[at] = value
        return bytes.subarray(0, length)
      }),
  ])
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 120 }), ...damaged), (bytes) => {
      const from = answeredBy(bytes)
      assert.ok(from.ok || from.reason.length > 0)
    }),
  )
})

test('announce/ask: each question is answered once, and not for long', () => {
  const open = new OpenQuestions()
  const a = ip('10.0.0.2')
  assert.equal(open.answered(a, 0), false)
  open.asked(a, 0)
  assert.equal(open.answered(ip('10.0.0.3'), 1), false)
  assert.equal(open.answered(a, 1), true)
  assert.equal(open.answered(a, 2), false)
  open.asked(a, 3)
  assert.equal(open.answered(a, 2004), false)
})

test('announce/ask: of very many questions the latest are remembered', () => {
  const open = new OpenQuestions()
  const nth = (n: number): Ip => ({ family: 4, value: BigInt(n) })
  for (let n = 0; n < 5000; n++) open.asked(nth(n), n / 1000)
  const remembered = Array.from({ length: 5000 }, (_, n) => n).filter((n) =>
    open.answered(nth(n), 5),
  )
  assert.equal(remembered.length, 1024)
  assert.equal(remembered[0], 5000 - 1024)
})

test('announce/carrier: it is told of when it changes, and is lost with the address', () => {
  const watch = new CarrierWatch(V4.ip)
  const unplugged = { ...eth0, flags: UP & ~0x40 }
  assert.equal(watch.update([eth0], [V4]), undefined)
  assert.equal(watch.update([unplugged], [V4]), false)
  assert.equal(watch.update([unplugged], [V4]), undefined)
  assert.equal(watch.update([eth0], [V4]), true)
  assert.equal(watch.update([eth0], []), false)
  assert.equal(watch.update([eth0, eth1], [on(eth1, '10.0.0.1/24')]), true)
})

test('announce/carrier: an address that nobody has says nothing', () => {
  const watch = new CarrierWatch(ip('0.0.0.0'))
  assert.equal(watch.update([], [V4]), undefined)
})

test('announce/carrier: who starts without a carrier hears so at once', () => {
  const watch = new CarrierWatch(V6.ip)
  assert.equal(watch.update([{ ...eth0, flags: UP & ~0x40 }], [V6]), false)
})
