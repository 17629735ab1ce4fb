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
} from '../../../test/fakes/services.ts'
import type { Outcome } from './converge.ts'
import { NOT_SHARED } from './sharing.ts'

const REASONS = ({ notices }: Outcome) => notices.map(({ reason }) => reason)

test('pool: the event names the pools that were passed over, and why', () => {
  const { run } = setUp({
    a: [['10.0.1.0/24'], { autoAssign: false }],
    b: [['10.0.2.0/32'], { serviceAllocation: { namespaces: ['default'] } }],
    c: [['10.0.3.0/24'], { serviceAllocation: { namespaces: ['x'] } }],
    d: [['10.0.4.0/24']],
  })
  run(service('first'))
  const said = run(service('s')).notices[0]?.message ?? ''
  assert.match(said, /^Assigned IP \["10\.0\.4\.0"\] from pool "d"; passed over "a": autoAssign/)
  assert.match(said, /"c": namespace "default" is not selected; "b": all 1 IPv4 addresses in use$/)
})

test('pool: a pool that was looked at for both families is told of once, with what it lacks of them', () => {
  const { run } = setUp({ a: [['10.0.1.0/32']], b: [['10.0.2.0/32']] })
  run(service('first'))
  assert.equal(
    run(service('s', prefer)).notices[0]?.message,
    'Assigned IP ["10.0.2.0"] from pool "b"; passed over "a": all 1 IPv4 addresses in use and no IPv6 addresses',
  )
  assert.match(
    run(service('late', prefer)).notices[0]?.message ?? '',
    /no available IPs: pool "a": all 1 IPv4 addresses in use and no IPv6 addresses; pool "b": all 1 IPv4 addresses in use and no IPv6 addresses$/,
  )
})

test('pool: a namespaceSelectors that matches nothing leaves the pool to nobody, by name neither', () => {
  const { run } = setUp({
    p: [
      ['10.0.0.0/30'],
      { serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'y' } }] } },
    ],
  })
  assert.deepEqual(run(service('s', fromPool('p'))).ips, [])
})

for (const [what, from, to, ingress, ips, reasons] of [
  [
    'gains a second family and keeps its address',
    {},
    require,
    ['10.0.0.2'],
    ['10.0.0.2', 'fd00::'],
    ['IPAllocated'],
  ],
  [
    'loses its second family and keeps the other',
    prefer,
    {},
    ['10.0.0.2', 'fd00::'],
    ['10.0.0.2'],
    ['ClearAssignment'],
  ],
  [
    'changes its family',
    {},
    { clusterIPs: [ip('fd00:96::7')], ipFamilies: [6] },
    ['10.0.0.2'],
    ['fd00::'],
    ['ClearAssignment', 'IPAllocated'],
  ],
] as const) {
  test(`pool: a Service that ${what}`, () => {
    const { run } = setUp(both)
    run(service('s', { ...from, ingress }))
    const outcome = run(service('s', { ...to, ingress }))
    assert.deepEqual(outcome.ips, ips)
    assert.deepEqual(REASONS(outcome), reasons)
  })
}

test('pool: RequireDualStack moves to the pool that has both, and keeps the one where none has', () => {
  const { run, allocator } = setUp({ a: [['10.0.1.0/24']] })
  const it = { ...require, ingress: ['10.0.1.7'] }
  const first = run(service('s', it))
  assert.deepEqual(first.ips, ['10.0.1.7'])
  assert.match(first.notices[0]?.message ?? '', /both IPs for "default\/s", it keeps 10\.0\.1\.7/)
  assert.ok(first.waiting)
  allocator.setPools(pools({ a: [['10.0.1.0/24']], b: [['10.0.2.0/24', 'fd00::/126']] }))
  assert.deepEqual(run(service('s', it)).ips, ['10.0.2.0', 'fd00::'])
})

test('pool: what RequireDualStack has in no pool of both is not called in use by others', () => {
  const { run } = setUp({ a: [['10.0.1.7/32']] })
  const said = run(service('s', { ...require, ingress: ['10.0.1.7'] })).notices[0]?.message ?? ''
  assert.match(said, /it keeps 10\.0\.1\.7: no available IPs: pool "a": no IPv6 addresses$/)
})

for (const [what, resumed] of [
  ['', false],
  [', and given back where they were held at a restart', true],
] as const) {
  test(`pool: two of one family in the status are told of${what}`, () => {
    const { run, allocator } = setUp(one)
    const it = service('s', { ingress: ['10.0.0.1', '10.0.0.2'] })
    if (resumed) allocator.hold(it, it.ingress.map(ip), {})
    const outcome = run(it)
    assert.deepEqual(REASONS(outcome), ['nolbIPsIPFamily', 'IPAllocated'])
    assert.deepEqual(outcome.ips, ['10.0.0.0'])
  })
}

test('pool: with two clusterIPs of one family it keeps what it has, is given nothing, and told', () => {
  const { run } = setUp(one)
  const clusterIPs = [ip('10.96.0.1'), ip('10.96.0.2')]
  const without = run(service('s', { clusterIPs }))
  assert.deepEqual([without.ips, REASONS(without)], [[], ['noclusterIPsIPFamily']])
  const having = run(service('t', { clusterIPs, ingress: ['10.0.0.1'] }))
  assert.deepEqual([having.ips, REASONS(having)], [['10.0.0.1'], ['noclusterIPsIPFamily']])
})

test('pool: without clusterIPs, as headless, it gives back what it has, without a word', () => {
  const { run } = setUp(one)
  run(service('s'))
  const headless = run(service('s', { clusterIPs: [], ipFamilies: [] }))
  assert.deepEqual(
    [headless.ips, headless.pool, headless.freed, headless.notices],
    [[], undefined, true, []],
  )
})

test('pool: a sole user changes its sharing key in place, one of two moves', () => {
  const { run } = setUp(one)
  run(service('a', sharing('k', 80)))
  assert.deepEqual(run(service('a', sharing('new', 80))).ips, ['10.0.0.0'])
  run(service('b', sharing('new', 443)))
  const moved = run(service('b', sharing('other', 443)))
  assert.deepEqual(moved.ips, ['10.0.0.1'])
  assert.deepEqual(REASONS(moved), ['ClearAssignment', 'IPAllocated'])
})

test('pool: Local traffic shares only with the same backends', () => {
  const { run } = setUp(one)
  const local = { externalTrafficPolicy: 'Local', selector: { app: 'a' } } as const
  run(service('a', { ...sharing('k', 80), ...local }))
  assert.deepEqual(run(service('b', { ...sharing('k', 81), ...local })).ips, ['10.0.0.0'])
  assert.deepEqual(run(service('c', sharing('k', 82))).ips, ['10.0.0.1'])
  const other = { ...local, selector: { app: 'b' } }
  assert.deepEqual(run(service('d', { ...sharing('k', 83), ...other })).ips, ['10.0.0.2'])
})

test('pool: two Services that exchange their addresses both get what they ask for', () => {
  const { run } = setUp(one)
  run(service('a', { loadBalancerIP: '10.0.0.1' }))
  run(service('b', { loadBalancerIP: '10.0.0.2' }))
  const a = service('a', { loadBalancerIP: '10.0.0.2', ingress: ['10.0.0.1'] })
  assert.ok(run(a).waiting)
  assert.deepEqual(run(service('b', { loadBalancerIP: '10.0.0.1', ingress: ['10.0.0.2'] })).ips, [
    '10.0.0.1',
  ])
  assert.deepEqual(run(a).ips, ['10.0.0.2'])
})

test("pool: MetalLB's own annotation of old does not count as deprecated", () => {
  const { run } = setUp(one)
  const annotations = { 'metallb.universe.tf/ip-allocated-from-pool': 'p' }
  assert.deepEqual(REASONS(run(service('s', { annotations }))), ['IPAllocated'])
})

test('pool: a reserved address is given to who asks for it and to nobody else', () => {
  const { run, allocator } = setUp({})
  const reserved = { family: 4, first: ip('10.0.0.0').value, last: ip('10.0.0.2').value } as const
  allocator.setPools(pools(one), new Map([['p', [reserved]]]))
  assert.deepEqual(run(service('a')).ips, ['10.0.0.3'])
  assert.match(
    run(service('b')).notices[0]?.message ?? '',
    /1 of 4 IPv4 addresses in use, the other 3 are reserved/,
  )
  assert.deepEqual(run(service('b', { loadBalancerIP: '10.0.0.1' })).ips, ['10.0.0.1'])
  const { assigned, available, total } = allocator.usage().get('p') ?? {}
  assert.deepEqual([assigned?.[4], available?.[4], total?.[4]], [2, 0n, 4n])
})

test('pool: a reserved address is not shared unasked either', () => {
  const { run, allocator } = setUp({})
  const [reserved] = pools({ r: [['10.0.0.0/32']] }).get('r')?.ranges ?? []
  assert.ok(reserved)
  allocator.setPools(pools(one), new Map([['p', [reserved]]]))
  run(service('a', { ...sharing('k', 80), loadBalancerIP: '10.0.0.0' }))
  assert.deepEqual(run(service('b', sharing('k', 443))).ips, ['10.0.0.1'])
})

test('pool: an address kept for a name is refused to others with that name, until its time is over', () => {
  const { run, allocator } = setUp({ p: [['10.0.0.0/31']] })
  allocator.keeper.setTimes(new Map([['p', 1000]]))
  run(service('gone'))
  assert.equal(allocator.keeper.depart('default/gone', 5000), false)
  assert.equal(allocator.keeper.nextEnd, 6000)
  assert.deepEqual(run(service('a')).ips, ['10.0.0.1'])
  const refused = run(service('b', { loadBalancerIP: '10.0.0.0' }))
  assert.match(refused.notices[0]?.message ?? '', /in use by default\/gone, for which it is kept/)
  const usage = allocator.usage().get('p')
  assert.deepEqual([usage?.assigned[4], usage?.kept[4], usage?.available[4]], [1, 1, 0n])
  assert.equal(allocator.keeper.expire(5999), false)
  assert.equal(allocator.keeper.expire(6000), true)
  assert.deepEqual(run(service('b', { loadBalancerIP: '10.0.0.0' })).ips, ['10.0.0.0'])
})

test('pool: a Service that is gone twice is gone since the first time, and holds nothing', () => {
  const { run, allocator } = setUp(one)
  allocator.keeper.setTimes(new Map([['p', 1000]]))
  run(service('gone'))
  allocator.keeper.depart('default/gone', 0)
  assert.equal(allocator.keeper.depart('default/gone', 500), false)
  assert.equal(allocator.keeper.nextEnd, 1000)
  assert.deepEqual([allocator.holding('default/gone'), ...allocator.holdings], [undefined])
})

test('pool: what is kept follows its pool when that is renamed, and is free where nothing is kept', () => {
  const { run, allocator } = setUp(one)
  const { keeper } = allocator
  keeper.setTimes(new Map([['p', 1000]]))
  run(service('s'))
  keeper.depart('default/s', 0)
  allocator.setPools(pools({ renamed: one.p }))
  keeper.setTimes(new Map([['renamed', 1000]]))
  assert.deepEqual(
    keeper.list('renamed').map((it) => it.service),
    ['default/s'],
  )
  allocator.setPools(pools({}))
  keeper.setTimes(new Map([['renamed', 1000]]))
  assert.equal(keeper.nextEnd, undefined, 'its pool is gone')
  allocator.setPools(pools(one))
  keeper.setTimes(new Map())
  run(service('t'))
  assert.equal(keeper.depart('default/t', 0), true)
  assert.equal(keeper.depart('default/t', 0), false)
})

test('pool: recalled is what a pool keeps of its own, no longer than it would now, the first to end first', () => {
  const { run, allocator } = setUp({
    p: [['10.0.0.0/24']],
    q: [['10.1.0.0/16']],
    forgets: [['10.2.0.0/24']],
  })
  const { keeper } = allocator
  keeper.setTimes(new Map(['p', 'q'].map((pool) => [pool, 1000])))
  const recall = (name: string, text: string, until?: number, pool = 'p') =>
    keeper.recall(
      { service: `default/${name}`, pool, ips: [ip(text)], sharing: NOT_SHARED },
      0,
      until,
    )
  run(service('lives', fromPool('p')))
  recall('lives', '10.0.0.0', 500)
  recall('elsewhere', '10.1.0.1', 500)
  recall('given-up', '10.2.0.1', 500, 'forgets')
  recall('whole', '10.0.0.3')
  recall('long', '10.0.0.4', 5000)
  recall('soon', '10.0.0.5', 500)
  for (let i = 0; i < 257; i++) recall(`many${i}`, `10.1.${i % 2}.${i >> 1}`, 600 + i, 'q')
  assert.deepEqual(
    keeper.list('p').map((it) => [it.service, it.keptUntil]),
    [
      ['default/soon', 500],
      ['default/long', 1000],
      ['default/whole', 1000],
    ],
  )
  assert.equal(keeper.nextEnd, 500)
  assert.deepEqual([keeper.list('q').length, keeper.list('forgets').length], [256, 0])
  assert.ok(allocator.holding('default/lives'))
})

test('pool: what was kept is free when the Service is made again with another family', () => {
  const { run, allocator } = setUp(both)
  allocator.keeper.setTimes(new Map([['p', 1000]]))
  run(service('s'))
  allocator.keeper.depart('default/s', 0)
  const six = { clusterIPs: [ip('fd00:96::7')], ipFamilies: [6] } as const
  const again = run(service('s', six))
  assert.deepEqual([again.ips, again.freed], [['fd00::'], true])
  assert.deepEqual(run(service('t')).ips, ['10.0.0.0'])
})

test('pool: a kept address that another shares is an assigned one', () => {
  const { run, allocator } = setUp(one)
  allocator.keeper.setTimes(new Map([['p', 1000]]))
  run(service('gone', sharing('k', 80)))
  allocator.keeper.depart('default/gone', 0)
  const counts = () => {
    const { assigned, kept } = allocator.usage().get('p') ?? {}
    return [assigned?.[4], kept?.[4]]
  }
  assert.deepEqual(counts(), [0, 1])
  assert.deepEqual(run(service('s', sharing('k', 443))).ips, ['10.0.0.0'])
  assert.deepEqual(counts(), [1, 0])
  allocator.keeper.depart('default/s', 0)
  assert.deepEqual(counts(), [0, 1])
})

test('pool: of a kept Service with two families each is counted with its own', () => {
  const { run, allocator } = setUp(both)
  allocator.keeper.setTimes(new Map([['p', 1000]]))
  run(service('s', require))
  allocator.keeper.depart('default/s', 0)
  const { assigned, kept } = allocator.usage().get('p') ?? {}
  assert.deepEqual(
    [assigned, kept],
    [
      { 4: 0, 6: 0 },
      { 4: 1, 6: 1 },
    ],
  )
})

test('pool: a Service made again has back what was kept, and is told so', () => {
  const { run, allocator } = setUp({ p: [['10.0.0.0/29']] })
  allocator.keeper.setTimes(new Map([['p', 1000]]))
  run(service('s', { loadBalancerIP: '10.0.0.5' }))
  allocator.keeper.depart('default/s', 0)
  const outcome = run(service('s'))
  assert.deepEqual(outcome.ips, ['10.0.0.5'])
  assert.match(outcome.notices[0]?.message ?? '', /\["10\.0\.0\.5"\] from pool "p", kept since/)
  assert.equal(allocator.keeper.nextEnd, undefined)
})

test('pool: of more kept addresses than a status may list the first to end go', () => {
  const { run, allocator } = setUp({ p: [['10.0.0.0/16']] })
  allocator.keeper.setTimes(new Map([['p', 1000]]))
  for (let i = 0; i < 258; i++) run(service(`s${i}`))
  const freed = Array.from({ length: 258 }, (_, i) => allocator.keeper.depart(`default/s${i}`, i))
  assert.deepEqual([freed.indexOf(true), freed.filter(Boolean).length], [256, 2])
  assert.equal(allocator.keeper.list('p')[0]?.service, 'default/s2')
})

test('pool: what was kept before a restart is not taken from who has it now, nor from who shares it', () => {
  const { run, allocator } = setUp({ p: [['10.0.0.0/30']] })
  allocator.keeper.setTimes(new Map([['p', 1000]]))
  run(service('now', sharing('k', 80)))
  const was = (name: string, port: number) => ({
    service: `default/${name}`,
    pool: 'p',
    ips: [ip('10.0.0.0')],
    sharing: { key: 'k', backend: '', ports: [`TCP/${port}`] },
  })
  allocator.keeper.recall(was('clashing', 80), 0, 500)
  allocator.keeper.recall(was('sharing', 443), 0, 500)
  assert.deepEqual(
    allocator.keeper.list('p').map((it) => it.service),
    ['default/sharing'],
  )
  const usage = allocator.usage().get('p')
  assert.deepEqual([usage?.assigned[4], usage?.kept[4]], [1, 0])
})

test('pool: other ports on a shared address let in who waits for it', () => {
  const { run } = setUp({ p: [['10.0.0.0/32']] })
  run(service('a', sharing('k', 80)))
  assert.ok(run(service('b', sharing('k', 80))).waiting)
  assert.ok(run(service('a', sharing('k', 443))).freed)
  assert.deepEqual(run(service('b', sharing('k', 80))).ips, ['10.0.0.0'])
})
