import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  both,
  fromPool,
  ip,
  one,
  pools,
  prefer,
  require,
  service,
  setUp,
  sharing,
  two,
  wanting,
} from '../../../test/fakes/services.ts'

for (const [what, specs, it, ips] of [
  ['the lowest address', one, service('s'), ['10.0.0.0']],
  ['the lowest address of the first pool by name', two, service('s'), ['10.0.1.0']],
  ['ranges in spec order', { p: [['10.0.9.0/24', '10.0.1.0/24']] }, service('s'), ['10.0.9.0']],
  [
    'no .0 where the pool avoids it',
    { p: [['10.0.0.0/30'], { avoidBuggyIPs: true }] },
    service('s'),
    ['10.0.0.1'],
  ],
  ['the pool asked for', two, service('s', fromPool('b')), ['10.0.2.0']],
  [
    'the pool asked for, without autoAssign',
    { p: [['10.0.0.0/30'], { autoAssign: false }] },
    service('s', fromPool('p')),
    ['10.0.0.0'],
  ],
  ['spec.loadBalancerIP', two, service('s', { loadBalancerIP: '10.0.2.9' }), ['10.0.2.9']],
  ['the annotation loadBalancerIPs', two, service('s', wanting('10.0.2.9')), ['10.0.2.9']],
  [
    'two addresses asked for',
    both,
    service('s', { ...require, ...wanting('fd00::2, 10.0.0.2') }),
    ['fd00::2', '10.0.0.2'],
  ],
  ['both families', both, service('s', require), ['10.0.0.0', 'fd00::']],
  [
    'both families, the primary first',
    both,
    service('s', { ...require, ipFamilies: [6, 4] }),
    ['fd00::', '10.0.0.0'],
  ],
  ['both families if it prefers so', both, service('s', prefer), ['10.0.0.0', 'fd00::']],
  ['one family where it prefers two and there is one', one, service('s', prefer), ['10.0.0.0']],
  [
    'the other family where the primary is not there',
    { p: [['fd00::/126']] },
    service('s', prefer),
    ['fd00::'],
  ],
  [
    'the pool with both before the one with the primary',
    { a: [['10.0.1.0/24']], b: [['10.0.2.0/24', 'fd00::/126']] },
    service('s', prefer),
    ['10.0.2.0', 'fd00::'],
  ],
  [
    'a pool made for its namespace before an open one',
    {
      a: [['10.0.1.0/24']],
      b: [['10.0.2.0/24'], { serviceAllocation: { namespaces: ['default'] } }],
    },
    service('s'),
    ['10.0.2.0'],
  ],
  [
    'a pool of which one selector selects its namespace, and one the Service',
    {
      a: [['10.0.1.0/24']],
      b: [
        ['10.0.2.0/24'],
        {
          serviceAllocation: {
            namespaceSelectors: [{ matchLabels: { team: 'x' } }, {}],
            serviceSelectors: [{ matchLabels: { tier: 'x' } }, {}],
          },
        },
      ],
    },
    service('s'),
    ['10.0.2.0'],
  ],
  ['any pool where the one asked for is empty', one, service('s', fromPool('')), ['10.0.0.0']],
  [
    'the lower priority number, 0 last',
    {
      a: [['10.0.1.0/24'], { serviceAllocation: { priority: 0 } }],
      b: [['10.0.2.0/24'], { serviceAllocation: { priority: 7 } }],
      c: [['10.0.3.0/24'], { serviceAllocation: { priority: 5 } }],
    },
    service('s'),
    ['10.0.3.0'],
  ],
] as const) {
  test(`pool: a Service gets ${what}`, () => {
    const outcome = setUp(specs).run(it)
    assert.deepEqual(outcome.ips, ips, JSON.stringify(outcome.notices))
    assert.equal(outcome.notices[0]?.reason, 'IPAllocated')
  })
}

for (const [what, specs, it, message] of [
  [
    'out of every pool',
    one,
    service('s', { loadBalancerIP: '10.9.9.9' }),
    /10\.9\.9\.9 is in no pool/,
  ],
  [
    'that is none',
    one,
    service('s', { loadBalancerIP: '10.0.0.300' }),
    /invalid spec\.loadBalancerIP "10\.0\.0\.300"/,
  ],
  ['listed wrongly', one, service('s', wanting('10.0.0.1,x')), /"x" is not an IP address/],
  [
    'twice of one family',
    one,
    service('s', wanting('10.0.0.1,10.0.0.2')),
    /two of different families/,
  ],
  [
    'three times',
    both,
    service('s', { ...require, ...wanting('10.0.0.1,fd00::1,10.0.0.2') }),
    /two of different families/,
  ],
  [
    'by field and annotation',
    one,
    service('s', { ...wanting('10.0.0.1'), loadBalancerIP: '10.0.0.1' }),
    /can not have both/,
  ],
  [
    'of another family',
    both,
    service('s', { loadBalancerIP: 'fd00::1' }),
    /IPv6 requested, but the service has IPv4/,
  ],
  [
    'once for a dual-stack Service',
    both,
    service('s', { ...prefer, loadBalancerIP: '10.0.0.1' }),
    /IPv4 requested, but the service has IPv4 and IPv6/,
  ],
  [
    'of another pool than asked for',
    two,
    service('s', { ...fromPool('a'), loadBalancerIP: '10.0.2.1' }),
    /is in pool "b", but pool "a" is asked for/,
  ],
  [
    'of a pool that is not there',
    two,
    service('s', fromPool('x')),
    /"default\/s": pool "x": unknown; there are "a", "b"$/,
  ],
  ['of a pool where there is none', {}, service('s', fromPool('x')), /unknown; there are none$/],
  [
    'of two pools',
    { a: [['10.0.1.0/24']], b: [['fd00::/126']] },
    service('s', { ...require, ...wanting('10.0.1.1,fd00::1') }),
    /10\.0\.1\.1, fd00::1 are not in one pool/,
  ],
  ['without any pool', {}, service('s'), /there is no IPAddressPool/],
  [
    'of pools that are not automatic',
    { p: [['10.0.0.0/30'], { autoAssign: false }] },
    service('s'),
    /pool "p": autoAssign is false/,
  ],
  [
    'of a pool for others',
    { p: [['10.0.0.0/30'], { serviceAllocation: { namespaces: ['x'] } }] },
    service('s'),
    /namespace "default" is not selected/,
  ],
  [
    'that the pool avoids',
    { p: [['10.0.0.0/30'], { avoidBuggyIPs: true }] },
    service('s', { loadBalancerIP: '10.0.0.0' }),
    /avoids/,
  ],
  [
    'of a family that no pool has',
    one,
    service('s', { clusterIPs: [ip('fd00:96::7')], ipFamilies: [6] }),
    /pool "p": no IPv6 addresses/,
  ],
  [
    'of two families where the pool has one',
    one,
    service('s', require),
    /no available IPs: pool "p": no IPv6 addresses$/,
  ],
] as const) {
  test(`pool: an address ${what} is refused in words`, () => {
    const outcome = setUp(specs).run(it)
    assert.deepEqual(outcome.ips, [])
    assert.ok(outcome.waiting)
    assert.equal(outcome.notices[0]?.reason, 'AllocationFailed')
    assert.equal(outcome.notices[0].type, 'Warning')
    assert.match(outcome.notices[0].message, message)
  })
}

test('pool: an address in use is refused with the name of its holder', () => {
  const { run } = setUp(one)
  run(service('first', { loadBalancerIP: '10.0.0.1' }))
  const outcome = run(service('second', { loadBalancerIP: '10.0.0.1' }))
  assert.match(
    outcome.notices[0]?.message ?? '',
    /10\.0\.0\.1 is in use by default\/first: not shared/,
  )
})

test('pool: a full pool says so, and a release lets the next one in', () => {
  const { run } = setUp(one)
  for (const name of ['a', 'b', 'c', 'd']) assert.equal(run(service(name)).ips.length, 1)
  assert.match(run(service('e')).notices[0]?.message ?? '', /pool "p": all 4 IPv4 addresses in use/)
  const gone = run(service('b', { type: 'ClusterIP' }))
  assert.ok(gone.freed)
  assert.deepEqual(run(service('e')).ips, ['10.0.0.1'])
})

test('pool: what a Service has it keeps, whatever came before it in the order', () => {
  const { run } = setUp(one)
  assert.deepEqual(run(service('kept', { ingress: ['10.0.0.2'] })).ips, ['10.0.0.2'])
  assert.deepEqual(run(service('kept', { ingress: ['10.0.0.2'] })).notices, [])
  assert.deepEqual(run(service('new')).ips, ['10.0.0.0'])
})

test('pool: a write that is still on its way is not undone by an older object', () => {
  const { run } = setUp(one)
  assert.deepEqual(run(service('s')).ips, ['10.0.0.0'])
  const again = run(service('s'))
  assert.deepEqual(again.ips, ['10.0.0.0'])
  assert.deepEqual(again.notices, [])
})

test('pool: an address that no pool has any more is cleared, and another is given', () => {
  const { run, allocator } = setUp(one)
  run(service('s'))
  allocator.setPools(pools({ q: [['10.5.0.0/30']] }))
  const outcome = run(service('s', { ingress: ['10.0.0.0'] }))
  assert.deepEqual(outcome.ips, ['10.5.0.0'])
  assert.deepEqual(
    outcome.notices.map(({ reason }) => reason),
    ['ClearAssignment', 'IPAllocated'],
  )
})

for (const [what, wish, ips] of [
  ['another pool', fromPool('b'), ['10.0.2.0']],
  ['another address', { loadBalancerIP: '10.0.1.9' }, ['10.0.1.9']],
] as const) {
  test(`pool: asking for ${what} moves the Service`, () => {
    const { run } = setUp(two)
    run(service('s'))
    const outcome = run(service('s', { ...wish, ingress: ['10.0.1.0'] }))
    assert.deepEqual(outcome.ips, ips)
    assert.ok(outcome.freed)
  })
}

test('pool: a wish that cannot be read does not cost the address that is held', () => {
  const { run } = setUp(one)
  run(service('s'))
  const outcome = run(service('s', { loadBalancerIP: 'nonsense', ingress: ['10.0.0.0'] }))
  assert.deepEqual(outcome.ips, ['10.0.0.0'])
  assert.equal(outcome.notices[0]?.reason, 'LoadBalancerFailed')
})

test('pool: PreferDualStack gets its second family when there is one', () => {
  const { run, allocator } = setUp({ p: [['10.0.0.0/30']] })
  const first = run(service('s', prefer))
  assert.ok(first.waiting)
  allocator.setPools(pools({ p: [['10.0.0.0/30', 'fd00::/126']] }))
  const second = run(service('s', { ...prefer, ingress: ['10.0.0.0'] }))
  assert.deepEqual(second.ips, ['10.0.0.0', 'fd00::'])
  assert.equal(second.waiting, false)
})

test('pool: Services share by key where their ports differ', () => {
  const { run } = setUp(one)
  assert.deepEqual(run(service('a', sharing('k', 80))).ips, ['10.0.0.0'])
  assert.deepEqual(run(service('b', sharing('k', 443))).ips, ['10.0.0.0'])
  assert.deepEqual(run(service('c', sharing('k', 80))).ips, ['10.0.0.1'])
  assert.deepEqual(run(service('d', sharing('other', 81))).ips, ['10.0.0.2'])
  assert.deepEqual(run(service('e')).ips, ['10.0.0.3'])
})

test('pool: who may share takes a free address or a shared one, whichever the pool lists first', () => {
  const { run } = setUp({ p: [['10.0.9.0/31', '10.0.1.0/31']] })
  run(service('a', { ...sharing('k', 80), loadBalancerIP: '10.0.1.0' }))
  assert.deepEqual(run(service('b', sharing('k', 81))).ips, ['10.0.9.0'])
  run(service('c', { loadBalancerIP: '10.0.9.1' }))
  assert.deepEqual(run(service('d', sharing('k', 82))).ips, ['10.0.9.0'])
})

test('pool: of several that share an address none is overlooked', () => {
  const { run } = setUp(one)
  const at = { loadBalancerIP: '10.0.0.0' }
  run(service('a', { ...sharing('k', 80), ...at }))
  run(service('b', { ...sharing('k', 443), ...at }))
  const refused = run(service('c', { ...sharing('k', 443), ...at }))
  assert.match(refused.notices[0]?.message ?? '', /in use by default\/b: port TCP\/443 is taken/)
})

test('pool: a shared address is free when the last one is gone, whoever gives it back twice', () => {
  const { run, allocator } = setUp({ p: [['10.0.0.0/32']] })
  run(service('a', sharing('k', 80)))
  run(service('b', sharing('k', 443)))
  assert.equal(allocator.release('default/a'), true)
  assert.equal(allocator.release('default/a'), false)
  assert.deepEqual(run(service('c')).ips, [])
  assert.equal(allocator.usage().get('p')?.assigned[4], 1)
  assert.equal(allocator.release('default/b'), true)
  assert.deepEqual(run(service('c')).ips, ['10.0.0.0'])
})

test('pool: the deprecated prefix works, and says that it is deprecated', () => {
  const { run } = setUp(two)
  const old = { 'metallb.universe.tf/address-pool': 'b' }
  const outcome = run(service('s', { annotations: old }))
  assert.deepEqual(outcome.ips, ['10.0.2.0'])
  assert.equal(outcome.notices[0]?.reason, 'deprecatedAnnotation')
  assert.deepEqual(run(service('s', { annotations: old })).notices, [])
  const other = { 'metallb.universe.tf/address-pool': 'a' }
  const moved = run(service('s', { annotations: other }))
  assert.deepEqual([moved.ips, moved.notices[0]?.reason], [['10.0.1.0'], 'deprecatedAnnotation'])
})

test('pool: usage counts distinct addresses and what is left of them', () => {
  const { run, allocator } = setUp({ p: [['10.0.0.0/24', 'fd00::/64'], { avoidBuggyIPs: true }] })
  run(service('a', { ...require, ...sharing('k', 80) }))
  run(service('b', sharing('k', 443)))
  assert.deepEqual(allocator.usage().get('p'), {
    assigned: { 4: 1, 6: 1 },
    kept: { 4: 0, 6: 0 },
    total: { 4: 254n, 6: 2n ** 64n },
    available: { 4: 253n, 6: 2n ** 64n - 1n },
  })
})

test('pool: usage follows a pool that is renamed while its addresses are shared', () => {
  const { run, allocator } = setUp({ old: [['10.0.0.0/30']] })
  const both = [service('a', sharing('k', 80)), service('b', sharing('k', 443))]
  for (const it of both) run(it)
  allocator.setPools(pools({ renamed: [['10.0.0.0/30']] }))
  for (const it of both) run({ ...it, ingress: ['10.0.0.0'] })
  const { assigned, available } = allocator.usage().get('renamed') ?? {}
  assert.deepEqual([assigned?.[4], available?.[4]], [1, 3n])
})

for (const ingress of [
  ['10.0.0.1', '10.0.0.2'],
  ['10.0.0.1', '10.0.0.1'],
]) {
  test(`pool: a status that nobody sane has written (${ingress.join(', ')}) is put right`, () => {
    const { run } = setUp(both)
    assert.deepEqual(run(service('s', { ...require, ingress })).ips, ['10.0.0.0', 'fd00::'])
  })
}
