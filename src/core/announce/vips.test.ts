import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIp, ipToBytes } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { VipTable } from './vips.ts'

const ipv4 = fc.bigInt(0n, 2n ** 32n - 1n).map((value): Ip => ({ family: 4, value }))
const ipv6 = fc.bigInt(2n ** 64n, 2n ** 128n - 1n).map((value): Ip => ({ family: 6, value }))
const ips = fc.uniqueArray(fc.oneof(ipv4, ipv6), {
  minLength: 1,
  maxLength: 50,
  selector: formatIp,
})

const at = (table: VipTable, ip: Ip) => {
  const view = new DataView(Uint8Array.of(0, 0, ...ipToBytes(ip)).buffer)
  return ip.family === 4 ? table.ipv4At(view, 2) : table.ipv6At(view, 2)
}

test('announce/vips: an address is found by value and in a frame, until it is deleted', () => {
  fc.assert(
    fc.property(ips, ([first, ...others]) => {
      const all = first ? [first, ...others] : []
      const table = new VipTable(all.map((ip) => ({ ip: formatIp(ip), interfaces: 'all' })))
      for (const ip of all) {
        assert.equal(table.get(ip)?.text, formatIp(ip))
        assert.equal(at(table, ip)?.text, formatIp(ip))
      }
      const gone = first && table.get(first)
      assert.ok(gone)
      table.delete(gone)
      assert.equal(at(table, first), undefined)
      for (const ip of others) assert.equal(at(table, ip)?.text, formatIp(ip))
      assert.equal(table.size, others.length)
    }),
  )
})

test('announce/vips: IPv6 addresses of one hash are told apart', () => {
  // 31 times the third word and the fourth: 1 * 31 + 0 is 0 * 31 + 31.
  const table = new VipTable([
    { ip: 'fd00::1:0:0', interfaces: 'all' },
    { ip: 'fd00::1f', interfaces: 'all' },
  ])
  const [one, other] = [...table]
  assert.ok(one && other)
  assert.equal(at(table, one.ip), one)
  assert.equal(at(table, other.ip), other)
  table.delete(one)
  assert.equal(at(table, one.ip), undefined)
  assert.equal(at(table, other.ip), other)
})
