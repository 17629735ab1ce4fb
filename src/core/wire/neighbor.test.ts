/** ARP and neighbour discovery. The frames are those of two Linux kernels over a veth pair. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { BROADCAST_MAC } from '../net/mac.ts'
import { decodeArp, encodeArp, encodeArpAnnouncement, encodeArpProbe } from './arp.ts'
import type { ArpPacket } from './arp.ts'
import { ETHERTYPE, decodeEthernet } from './ethernet.ts'
import {
  ALL_NODES,
  decodeNeighbor,
  encodeNeighbor,
  encodeNeighborProbe,
  multicastMac,
  solicitedNodeGroup,
} from './icmpv6-nd.ts'
import type { NeighborMessage } from './icmpv6-nd.ts'

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
const bytes = (buffer: Uint8Array) => Uint8Array.from(buffer)
const ip = (text: string): Ip => {
  const parsed = parseIp(text)
  assert.ok(parsed, text)
  return parsed
}
const MAC1 = hex('020000000001')
const MAC2 = hex('020000000002')
const ZERO = new Uint8Array(6)

const payloadOf = (frame: Uint8Array): Uint8Array => {
  const ethernet = decodeEthernet(frame)
  assert.ok(ethernet.ok)
  return ethernet.value.payload
}

const ARP: readonly [what: string, frame: string, packet: ArpPacket, to: Uint8Array][] = [
  [
    'request',
    `ffffffffffff 020000000001 0806 0001 0800 06 04 0001
     020000000001 0a000001 000000000000 0a000002`,
    {
      operation: 'request',
      senderMac: MAC1,
      senderIp: ip('10.0.0.1'),
      targetMac: ZERO,
      targetIp: ip('10.0.0.2'),
    },
    BROADCAST_MAC,
  ],
  [
    'reply',
    `020000000001 020000000002 0806 0001 0800 06 04 0002
     020000000002 0a000002 020000000001 0a000001`,
    {
      operation: 'reply',
      senderMac: MAC2,
      senderIp: ip('10.0.0.2'),
      targetMac: MAC1,
      targetIp: ip('10.0.0.1'),
    },
    MAC1,
  ],
]

for (const [what, frame, packet, to] of ARP) {
  test(`wire/arp: a kernel's ${what} is read and written byte by byte`, () => {
    const ethernet = decodeEthernet(hex(frame))
    assert.ok(ethernet.ok)
    assert.equal(ethernet.value.type, ETHERTYPE.arp)
    assert.deepEqual(decodeArp(ethernet.value.payload), { ok: true, value: packet })
    assert.deepEqual(encodeArp(packet, to), hex(frame))
  })
}

for (const [what, patch, reason] of [
  ['a packet cut short', (b: Uint8Array) => b.subarray(0, 27), 'arpTruncated'],
  ['another hardware type', set(1, 6), 'arpNotEthernetIpv4'],
  ['another protocol', set(2, 0x86), 'arpNotEthernetIpv4'],
  ['long hardware addresses', set(4, 8), 'arpNotEthernetIpv4'],
  ['long protocol addresses', set(5, 16), 'arpNotEthernetIpv4'],
  ['a reverse request', set(7, 3), 'arpUnknownOperation'],
] as const) {
  test(`wire/arp: ${what} is ${reason}`, () => {
    const payload = bytes(payloadOf(hex(ARP[0]?.[1] ?? '')))
    assert.deepEqual(decodeArp(patch(payload)), { ok: false, reason })
  })
}

test('wire/arp: padding to the least frame size is passed over', () => {
  const payload = payloadOf(hex(`${ARP[0]?.[1]}${'00'.repeat(18)}`))
  assert.deepEqual(decodeArp(payload), { ok: true, value: ARP[0]?.[2] })
})

test('wire/arp: an announcement names the address as sender and target', () => {
  assert.deepEqual(
    encodeArpAnnouncement('reply', ip('10.0.0.2'), MAC2),
    hex(`ffffffffffff 020000000002 0806 0001 0800 06 04 0002
         020000000002 0a000002 ffffffffffff 0a000002`),
  )
})

test('wire/arp: a probe has no sender address', () => {
  assert.deepEqual(
    encodeArpProbe(ip('10.0.0.2'), MAC2),
    hex(`ffffffffffff 020000000002 0806 0001 0800 06 04 0001
         020000000002 00000000 000000000000 0a000002`),
  )
})

const SOLICITATION = `3333ff000002 020000000001 86dd 60000000 0020 3a ff
  fd000000000000000000000000000001 ff0200000000000000000001ff000002
  87 00 7d97 00000000 fd000000000000000000000000000002 01 01 020000000001`
const solicitation: NeighborMessage = {
  kind: 'solicitation',
  source: ip('fd00::1'),
  destination: ip('ff02::1:ff00:2'),
  target: ip('fd00::2'),
  linkLayer: MAC1,
  solicited: false,
  override: false,
}
const ADVERTISEMENT = `020000000001 020000000002 86dd 60000000 0020 3a ff
  fd000000000000000000000000000002 fd000000000000000000000000000001
  88 00 1c9a 60000000 fd000000000000000000000000000002 02 01 020000000002`
const advertisement: NeighborMessage = {
  kind: 'advertisement',
  source: ip('fd00::2'),
  destination: ip('fd00::1'),
  target: ip('fd00::2'),
  linkLayer: MAC2,
  solicited: true,
  override: true,
}

for (const [what, frame, message, from, to] of [
  ['solicitation', SOLICITATION, solicitation, MAC1, multicastMac(ip('ff02::1:ff00:2'))],
  ['advertisement', ADVERTISEMENT, advertisement, MAC2, MAC1],
] as const) {
  test(`wire/nd: a kernel's ${what} is read and written byte by byte`, () => {
    assert.deepEqual(decodeNeighbor(payloadOf(hex(frame))), { ok: true, value: message })
    assert.deepEqual(encodeNeighbor(message, from, to), hex(frame))
  })
}

function set(at: number, value: number) {
  return (payload: Uint8Array) => payload.with(at, value)
}
/** Changes a byte of the message and makes its checksum right again. */
function patched(at: number, value: number) {
  return (payload: Uint8Array) => {
    const changed = payload.with(at, value).with(42, 0).with(43, 0)
    let sum = changed.length - 40 + 58
    for (let i = 8; i < changed.length; i += 2) {
      sum += ((changed[i] ?? 0) << 8) | (changed[i + 1] ?? 0)
    }
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
    return changed.with(42, (~sum >> 8) & 0xff).with(43, ~sum & 0xff)
  }
}

for (const [what, patch, reason] of [
  ['a header cut short', (b: Uint8Array) => b.subarray(0, 39), 'ipv6Truncated'],
  ['a message cut short', (b: Uint8Array) => b.subarray(0, 71), 'ndTruncated'],
  ['IP version 4', set(0, 0x40), 'notIpv6'],
  ['UDP', set(6, 17), 'notIcmpv6'],
  ['a hop-by-hop header', set(6, 0), 'notIcmpv6'],
  ['a hop limit of 254: from beyond a router', set(7, 254), 'ndHopLimit'],
  ['a length of 23', set(5, 23), 'ndTruncated'],
  ['an echo request', patched(40, 128), 'ndUnknownType'],
  ['a router advertisement', patched(40, 134), 'ndUnknownType'],
  ['code 1', patched(41, 1), 'ndCode'],
  ['one wrong bit', set(63, 3), 'ndChecksum'],
  ['a multicast target', patched(48, 0xff), 'ndTargetMulticast'],
  ['a multicast source', patched(8, 0xff), 'ndSourceMulticast'],
  ['an option of length 0', patched(65, 0), 'ndOption'],
  ['an option longer than the packet', patched(65, 2), 'ndOption'],
] as const) {
  test(`wire/nd: ${what} is ${reason}`, () => {
    assert.deepEqual(decodeNeighbor(patch(payloadOf(hex(SOLICITATION)))), { ok: false, reason })
  })
}

test('wire/nd: an option of unknown type is passed over', () => {
  const read = decodeNeighbor(patched(64, 14)(payloadOf(hex(SOLICITATION))))
  assert.deepEqual(read, { ok: true, value: { ...solicitation, linkLayer: undefined } })
})

for (const [what, solicited, ok] of [
  ['answers one', true, false],
  ['answers none', false, true],
] as const) {
  test(`wire/nd: an advertisement to all that ${what} is ${ok ? 'read' : 'dropped'}`, () => {
    const message = { ...advertisement, destination: ALL_NODES, solicited }
    const read = decodeNeighbor(payloadOf(encodeNeighbor(message, MAC2, MAC1)))
    assert.deepEqual(read.ok ? true : read.reason, ok || 'ndBadFlags')
  })
}

test("wire/nd: a probe is a kernel's of duplicate address detection", () => {
  assert.deepEqual(
    encodeNeighborProbe(ip('fd00::2'), MAC1),
    hex(`3333ff000002 020000000001 86dd 60000000 0018 3a ff
      00000000000000000000000000000000 ff0200000000000000000001ff000002
      87 00 7da3 00000000 fd000000000000000000000000000002`),
  )
})

const unspecified = { ...solicitation, source: ip('::') }
for (const [what, message, ok] of [
  ['without link-layer address to the group is good', { linkLayer: undefined }, true],
  ['with a link-layer address is dropped', {}, false],
  ['to one node is dropped', { linkLayer: undefined, destination: ip('fd00::2') }, false],
] as const) {
  test(`wire/nd: a duplicate address probe ${what}`, () => {
    const frame = encodeNeighbor({ ...unspecified, ...message }, MAC1, MAC2)
    const read = decodeNeighbor(payloadOf(frame))
    assert.deepEqual(read.ok ? true : read.reason, ok || 'ndBadProbe')
  })
}

test('wire/nd: the group and its Ethernet address keep the last bits of the address', () => {
  assert.deepEqual(solicitedNodeGroup(ip('fd00::12:3456:789a')), ip('ff02::1:ff56:789a'))
  assert.deepEqual(multicastMac(ip('ff02::1:ff56:789a')), hex('3333ff56789a'))
})

const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(fields, { noNullPrototype: true })
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 })
const ipv4 = fc.bigInt(0n, 2n ** 32n - 1n).map((value): Ip => ({ family: 4, value }))
const unicast = fc.bigInt(1n, (0xffn << 120n) - 1n).map((value): Ip => ({ family: 6, value }))

test('wire/arp: what is written reads back', () => {
  const operation = fc.constantFrom('request' as const, 'reply' as const)
  const packet = record({
    operation,
    senderMac: mac,
    senderIp: ipv4,
    targetMac: mac,
    targetIp: ipv4,
  })
  fc.assert(
    fc.property(packet, mac, (value, to) => {
      assert.deepEqual(decodeArp(payloadOf(encodeArp(value, to))), { ok: true, value })
    }),
  )
})

test('wire/nd: what is written reads back', () => {
  const message = record({
    kind: fc.constant('advertisement' as const),
    source: unicast,
    destination: unicast,
    target: unicast,
    linkLayer: fc.option(mac, { nil: undefined }),
    solicited: fc.boolean(),
    override: fc.boolean(),
  })
  fc.assert(
    fc.property(message, mac, mac, (value, from, to) => {
      const read = decodeNeighbor(payloadOf(encodeNeighbor(value, from, to)))
      assert.deepEqual(read, { ok: true, value })
    }),
  )
})

test('wire: any bytes give a value or a reason', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (noise) => {
      for (const read of [decodeEthernet(noise), decodeArp(noise), decodeNeighbor(noise)]) {
        assert.ok(read.ok || read.reason.length > 0)
      }
    }),
  )
})

test('wire/nd: any damage to a good packet gives a value or a reason', () => {
  const payload = payloadOf(hex(SOLICITATION))
  const at = fc.nat(payload.length - 1)
  fc.assert(
    fc.property(at, fc.nat(255), fc.nat(payload.length), (index, value, length) => {
      const read = decodeNeighbor(patched(index, value)(payload).subarray(0, length))
      assert.ok(read.ok || read.reason.length > 0)
    }),
  )
})
