import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announcingInterfaces } from '../announce/interfaces.ts'
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

/** RTM_NEWLINK of an Ethernet link, from its attributes. */
const newLink = (index: string, flags: string, ...attributes: readonly string[]): string => {
  const body = ['1000 0000 00000000 00000000 0000 0100', index, flags, '00000000', ...attributes]
  const text = body.join('').replaceAll(/\s/g, '')
  return `${(4 + text.length / 2).toString(16).padStart(2, '0')}000000${text}`
}
const RUNNING = '43100100'
const SLAVE = '43180100'
const MAC = '0a00 0100 020000000001 0000'
/** IFLA_LINK and IFLA_LINKINFO, the latter with IFLA_INFO_KIND and, of VLANs, IFLA_INFO_DATA. */
const ON_ETH0 = '0800 0500 02000000'
const VLAN_INFO = `
  2c00 1200 0900 0100 766c616e 00 000000
    1c00 0200 0600 0500 8100 0000 0600 0100 0500 0000 0500 0600 00 000000`
const MACVLAN_INFO = '1000 1200 0c00 0100 6d6163766c616e00'
/** A slave's names its master's kind beside its own: IFLA_INFO_SLAVE_KIND. */
const BOND_INFO = '1000 1200 0900 0100 626f6e64 00 000000'
const BOND_SLAVE_INFO = '1000 1200 0900 0400 626f6e64 00 000000'
const BRIDGE_INFO = '1000 1200 0b00 0100 627269646765 00 00'
const named = (name: string) => {
  const bytes = Buffer.from(`${name}\0`)
  const length = 4 + bytes.length
  const padding = '00'.repeat((4 - (length % 4)) % 4)
  return `${length.toString(16).padStart(2, '0')}00 0300 ${bytes.toString('hex')}${padding}`
}
const ETH0 = newLink('02000000', RUNNING, named('eth0'), MAC)

for (const [what, messages, expected] of [
  [
    'a bond in place of its slaves',
    [
      newLink('02000000', SLAVE, named('eth0'), MAC, MASTER, BOND_SLAVE_INFO),
      newLink('03000000', SLAVE, named('eth1'), MAC, MASTER, BOND_SLAVE_INFO),
      newLink('07000000', '43140100', named('bond0'), MAC, BOND_INFO),
    ],
    ['bond0'],
  ],
  [
    'no bond without a slave that has a carrier',
    [
      newLink('02000000', '03180000', named('eth0'), MAC, MASTER, BOND_SLAVE_INFO),
      newLink('07000000', '03140000', named('bond0'), MAC, BOND_INFO),
    ],
    [],
  ],
  [
    'what was a slave, once it is released',
    [
      newLink('02000000', SLAVE, named('eth0'), MAC, MASTER, BOND_SLAVE_INFO),
      newLink('07000000', '03140000', named('bond0'), MAC, BOND_INFO),
      ETH0,
    ],
    ['eth0'],
  ],
  [
    'a bridge in place of its ports',
    [
      newLink('02000000', RUNNING, named('eth0'), MAC, MASTER),
      newLink('07000000', RUNNING, named('br0'), MAC, BRIDGE_INFO),
    ],
    ['br0'],
  ],
  [
    'a VLAN and the interface that it is on',
    [ETH0, newLink('05000000', RUNNING, named('eth0.5'), MAC, ON_ETH0, VLAN_INFO)],
    ['eth0', 'eth0.5'],
  ],
  [
    'a VLAN on a bond, and the bond',
    [
      newLink('02000000', SLAVE, named('eth0'), MAC, MASTER, BOND_SLAVE_INFO),
      newLink('07000000', '43140100', named('bond0'), MAC, BOND_INFO),
      newLink('09000000', RUNNING, named('bond0.5'), MAC, '0800 0500 07000000', VLAN_INFO),
    ],
    ['bond0', 'bond0.5'],
  ],
  [
    'a macvlan and its parent',
    [ETH0, newLink('06000000', RUNNING, named('mac0'), MAC, ON_ETH0, MACVLAN_INFO)],
    ['eth0', 'mac0'],
  ],
  [
    'no VLAN whose parent lost its carrier: the kernel takes that of both',
    [
      newLink('02000000', '03100000', named('eth0'), MAC),
      newLink('05000000', '03100000', named('eth0.5'), MAC, ON_ETH0, VLAN_INFO),
    ],
    [],
  ],
] as const) {
  test(`wire/netlink: by what the kernel tells, it is announced on ${what}`, () => {
    const table = new LinkTable()
    const read = decodeLinkChanges(hex(messages.join('')))
    assert.ok(read.ok, JSON.stringify(read))
    for (const change of read.value) table.apply(change)
    const names = announcingInterfaces(table.links, table.addresses, []).map(({ name }) => name)
    assert.deepEqual(names, expected)
  })
}

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
