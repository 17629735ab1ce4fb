import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LinkTable } from '../announce/link-table.ts'
import { formatIp, parseIp } from '../net/ip.ts'
import { decodeLinkChanges, encodeDumpRequest } from './netlink-link.ts'

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))

/** The addresses of a Linux host with a veth pair, as the kernel dumped them. */
const ADDRESSES = `
  50000000 1400 0200 00000000 ab1c0000 02188000 03000000
    0800 0100 0a000001 0800 0200 0a000001 0900 0300 6574683000000000
    0800 0800 80000000 1400 0600 ffffffffffffffff07f7060007f70600
  50000000 1400 0200 00000000 ab1c0000 0a40c0fd 02000000
    1400 0100 fe8000000000000078d4f2fffeeda41c 1400 0600 ffffffffffffffff07f7060007f70600
    0800 0800 c0000000 0500 0b00 03000000`

/** A bridge port, its attributes those a kernel sends, without the many that are not looked at. */
const LINK = `
  38000000 1000 0000 00000000 00000000 0000 0100 03000000 43100100 00000000
    0900 0300 6574683000000000 0a00 0100 020000000001 0000`
const MASTER = '0800 0a00 07000000'

const link = { index: 3, name: 'eth0', mac: hex('020000000001'), flags: 0x11043, master: 0 }

for (const [what, message, expected] of [
  [
    'addresses, the flags those of 32 bits',
    ADDRESSES,
    [
      {
        kind: 'address',
        address: { index: 3, ip: parseIp('10.0.0.1'), prefixLength: 24, flags: 0x80 },
      },
      {
        kind: 'address',
        address: {
          index: 2,
          ip: parseIp('fe80::78d4:f2ff:feed:a41c'),
          prefixLength: 64,
          flags: 0xc0,
        },
      },
    ],
  ],
  [
    'an address that goes',
    ADDRESSES.slice(0, ADDRESSES.indexOf('50', 5)).replace('1400', '1500'),
    [
      {
        kind: 'addressGone',
        address: { index: 3, ip: parseIp('10.0.0.1'), prefixLength: 24, flags: 0x80 },
      },
    ],
  ],
  ['a link', LINK, [{ kind: 'link', link }]],
  [
    'a link that is part of another',
    LINK.replace('38', '40') + MASTER,
    [{ kind: 'link', link: { ...link, master: 7 } }],
  ],
  ['a link that goes', LINK.replace('1000', '1100'), [{ kind: 'linkGone', index: 3 }]],
  ["a bridge's word on its port: nothing", LINK.replace('0000 0100', '0700 0100'), []],
  ['the end of a dump', '14000000 0300 0200 00000000 ab1c0000 00000000', [{ kind: 'done' }]],
  [
    'a dump that was interrupted',
    '14000000 0300 1200 00000000 ab1c0000 00000000',
    [{ kind: 'interrupted' }, { kind: 'done' }],
  ],
  [
    'a refusal: EPERM',
    '14000000 0200 0000 00000000 ab1c0000 ffffffff',
    [{ kind: 'error', errno: 1 }],
  ],
  ['a message of another type: nothing', '14000000 1800 0000 00000000 ab1c0000 00000000', []],
  ['nothing: nothing', '', []],
] as const) {
  test(`wire/netlink: reads ${what}`, () => {
    assert.deepEqual(decodeLinkChanges(hex(message)), { ok: true, value: expected })
  })
}

for (const [what, message] of [
  ['a header cut short', '14000000 0300'],
  ['a length past the end', LINK.replace('38', '39')],
  ['a length shorter than the header', '0f000000 0300 0200 00000000 ab1c0000'],
  ['an attribute past the end', LINK.replace('0a00 0100', '0b00 0100').replace(/0000$/, '')],
  ['an attribute of length 0', LINK.replace('0a00 0100', '0000 0100')],
  ['a link cut short', '14000000 1000 0000 00000000 00000000 00000100'],
  ['an address cut short', '14000000 1400 0000 00000000 00000000 02188000'],
] as const) {
  test(`wire/netlink: ${what} is netlinkTruncated`, () => {
    assert.deepEqual(decodeLinkChanges(hex(message)), { ok: false, reason: 'netlinkTruncated' })
  })
}

test('wire/netlink: any damage gives changes or a reason', () => {
  const good = hex(ADDRESSES + LINK)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }),
      fc.nat(good.length),
      (damage, length) => {
        const bytes = good.slice()
        for (const [at, value] of damage) bytes[at] = value
        const read = decodeLinkChanges(bytes.subarray(0, length))
        assert.ok(read.ok || read.reason === 'netlinkTruncated')
      },
    ),
  )
})

test('wire/netlink: asks for all links', () => {
  const request = hex('20000000 1200 0103 00000000 00000000 00000000000000000000000000000000')
  assert.deepEqual(encodeDumpRequest('links'), request)
})

test('announce/link-table: a link that goes takes its addresses along', () => {
  const table = new LinkTable()
  const on = (index: number, ip: string) =>
    ({ index, ip: parseIp(ip) ?? assert.fail(ip), prefixLength: 24, flags: 0 }) as const
  table.apply({ kind: 'link', link })
  table.apply({ kind: 'link', link: { ...link, index: 4, name: 'eth1' } })
  table.apply({ kind: 'address', address: on(3, '10.0.0.1') })
  table.apply({ kind: 'address', address: on(4, '10.0.0.2') })
  table.apply({ kind: 'address', address: on(4, '10.0.0.3') })
  table.apply({ kind: 'addressGone', address: on(4, '10.0.0.3') })
  table.apply({ kind: 'linkGone', index: 3 })
  assert.deepEqual(
    [...table.links].map(({ name }) => name),
    ['eth1'],
  )
  assert.deepEqual(
    [...table.addresses].map(({ ip }) => formatIp(ip)),
    ['10.0.0.2'],
  )
})
