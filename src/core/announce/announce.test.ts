import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseIp } from '../net/ip.ts'
import { BROADCAST_MAC, parseMac } from '../net/mac.ts'
import { ALL_NODES } from '../wire/icmpv6-nd.ts'
import { solicitedNodeGroups } from './groups.ts'
import { announcingInterfaces } from './interfaces.ts'
import type { AnnouncingInterface, Link } from './interfaces.ts'
import { VipTable } from './vips.ts'

const mac = (last: string) => parseMac(`02:00:00:00:00:${last}`) ?? BROADCAST_MAC
const ip = (text: string) => parseIp(text) ?? ALL_NODES
const OWN = mac('01')

const eth0: AnnouncingInterface = {
  index: 2,
  name: 'eth0',
  mac: OWN,
  arp: true,
  linkLocal: ip('fe80::1'),
}

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
