import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip, one, service, setUp, sharing } from '../../../test/fakes/services.ts'
import { formatIp } from '../net/ip.ts'
import { SharedAddresses } from './shared-addresses.ts'

const [FIRST, SECOND] = [ip('10.0.0.0'), ip('10.0.0.1')]
const shares = (...ports: string[]) => ({ key: 'k', backend: '', ports })

function joined() {
  const shared = new SharedAddresses()
  shared.join(FIRST, shares('TCP/80'))
  shared.join(FIRST, shares('TCP/443'))
  shared.join(SECOND, shares('TCP/80'))
  return shared
}
const joinable = (shared: SharedAddresses, ...ports: string[]) =>
  [...shared.joinable(shares(...ports))].map(formatIp)

test('pool/sharing: those of the key are looked at, none where a port is taken on all of them', () => {
  assert.deepEqual(joinable(joined(), 'TCP/81'), ['10.0.0.0', '10.0.0.1'])
  assert.deepEqual(joinable(joined(), 'TCP/443'), ['10.0.0.0', '10.0.0.1'])
  assert.deepEqual(joinable(joined(), 'TCP/80', 'TCP/81'), [])
  assert.deepEqual([...joined().joinable({ key: 'other', backend: '', ports: [] })], [])
})

test('pool/sharing: an address that the last one of a key has left is looked at no more', () => {
  const shared = joined()
  shared.leave(FIRST, shares('TCP/443'))
  assert.deepEqual(joinable(shared, 'TCP/443'), ['10.0.0.0', '10.0.0.1'])
  shared.leave(FIRST, shares('TCP/80'))
  assert.deepEqual(joinable(shared, 'TCP/443'), ['10.0.0.1'])
  assert.deepEqual(joinable(shared, 'TCP/80'), [])
  shared.leave(SECOND, shares('TCP/80'))
  shared.join(FIRST, shares('TCP/443'))
  assert.deepEqual(joinable(shared, 'TCP/80'), ['10.0.0.0'])
})

test('pool/sharing: who has no key is told so, whichever of the two it is', () => {
  for (const [first, second] of [
    [{}, sharing('k', 80)],
    [sharing('k', 80), {}],
  ] as const) {
    const { run } = setUp(one)
    run(service('a', { ...first, loadBalancerIP: '10.0.0.0' }))
    const refused = run(service('b', { ...second, loadBalancerIP: '10.0.0.0' }))
    assert.match(refused.notices[0]?.message ?? '', /not shared \(no allow-shared-ip key\)$/)
  }
})

test('pool/sharing: a port of TCP is not that of UDP', () => {
  const { run } = setUp(one)
  run(service('a', sharing('k', 53)))
  const udp = { ...sharing('k', 53), ports: [{ protocol: 'UDP', port: 53 }] }
  assert.deepEqual(run(service('b', udp)).ips, ['10.0.0.0'])
})

test('pool/sharing: the order in which a selector is written does not matter', () => {
  const { run } = setUp(one)
  const local = (selector: Record<string, string>) =>
    ({ externalTrafficPolicy: 'Local', selector }) as const
  run(service('a', { ...sharing('k', 80), ...local({ app: 'a', tier: 'b' }) }))
  const other = { ...sharing('k', 81), ...local({ tier: 'b', app: 'a' }) }
  assert.deepEqual(run(service('b', other)).ips, ['10.0.0.0'])
})

test('pool/sharing: what changes nothing about sharing lets nobody in', () => {
  const { run } = setUp(one)
  const ports = [80, 443].map((port) => ({ protocol: 'TCP', port }))
  const it = { ...sharing('k', 80), ports }
  run(service('a', it))
  assert.equal(run(service('a', it)).freed, false)
  assert.equal(run(service('a', { ...it, ports: ports.toReversed() })).freed, false)
  run(service('alone'))
  assert.equal(run(service('alone', { ports })).freed, false)
})
