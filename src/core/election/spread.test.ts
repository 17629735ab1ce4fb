/** The even spread: its bound, who moves when something changes, and that all agree. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Uplinks } from '../announce/uplinks.ts'
import type { Candidacy } from './candidacy.ts'
import { electionOrder } from './order.ts'
import { owners } from './owners.ts'
import type { Electorate } from './owners.ts'
import { roomFor, seatAll } from './spread.ts'

const nodesOf = (count: number) => Array.from({ length: count }, (_, i) => `w${i + 1}`)
const ipsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 0xff}`)

const orderOf = (ip: string, nodes: readonly string[]) =>
  electionOrder(
    nodes.map((name) => ({ name, weight: 0 })),
    ip,
  )

/** A Service for each address, the oldest first, each to be announced by all nodes. */
function table(ips: readonly string[], nodes: readonly string[]): Candidacy[] {
  const orders = ips.map((ip) => orderOf(ip, nodes))
  const seats = seatAll(ips.map((ip, i) => ({ ips: [ip], seats: orders[i] ?? [] })))
  return ips.map((ip, i) => {
    const seat = seats.get(ip)
    return { service: ip, ip, order: orders[i] ?? [], interfaces: 'all', ...(seat && { seat }) }
  })
}

const electorate = (
  nodes: readonly string[],
  { settled = nodes, uplinks = new Map<string, Uplinks>() } = {},
): Electorate => ({
  usable: new Set(nodes),
  settled: new Set(settled),
  uplinks,
  spreads: true,
})

/** By address. */
const owned = (candidacies: readonly Candidacy[], electors: Electorate): Map<string, string> =>
  new Map(owners(candidacies, electors).map(({ ip, owner }) => [ip, owner ?? 'nobody']))

const most = (owned: ReadonlyMap<string, string>): number =>
  Math.max(
    ...Object.values(Object.groupBy(owned.values(), (node) => node)).map((it) => it?.length ?? 0),
  )

/** Addresses that have another owner than before. */
const moved = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] =>
  [...before].filter(([ip, node]) => after.has(ip) && after.get(ip) !== node).map(([ip]) => ip)

const sizes = fc.record({
  vips: fc.integer({ min: 1, max: 60 }),
  count: fc.integer({ min: 1, max: 8 }),
})
/** Which of the nodes are dead; at least one lives. */
const withDead = sizes.chain(({ vips, count }) =>
  fc.record({
    vips: fc.constant(vips),
    nodes: fc.constant(nodesOf(count)),
    dead: fc.subarray(nodesOf(count), { maxLength: count - 1 }),
  }),
)

test('election/spread: no node owns more than 1.25 times the mean, rounded up, whoever is dead', () => {
  fc.assert(
    fc.property(withDead, ({ vips, nodes, dead }) => {
      const alive = nodes.filter((node) => !dead.includes(node))
      const all = owned(table(ipsOf(vips), nodes), electorate(alive))
      assert.ok(most(all) <= Math.ceil((1.25 * vips) / alive.length), [...all].join(' '))
      for (const node of all.values()) assert.ok(alive.includes(node))
    }),
  )
})

test('election/spread: a death moves what was at home there, and nothing else that is at home', () => {
  fc.assert(
    fc.property(withDead, fc.nat(), ({ vips, nodes, dead }, which) => {
      const candidacies = table(ipsOf(vips), nodes)
      const alive = nodes.filter((node) => !dead.includes(node))
      const before = owned(candidacies, electorate(alive))
      const dies = alive[which % alive.length] ?? ''
      fc.pre(alive.length > 1)
      const after = owned(candidacies, electorate(alive.filter((node) => node !== dies)))
      const away = candidacies.filter(({ seat }) => dead.includes(seat?.home ?? ''))
      for (const ip of moved(before, after)) {
        const itMay = before.get(ip) === dies || away.some((it) => it.ip === ip)
        assert.ok(itMay, `${ip} moved from ${before.get(ip)}, though ${dies} died`)
      }
    }),
  )
})

test('election/spread: of a whole cluster a death moves only what the dead one had', () => {
  fc.assert(
    fc.property(sizes, fc.nat(), ({ vips, count }, which) => {
      fc.pre(count > 1)
      const nodes = nodesOf(count)
      const candidacies = table(ipsOf(vips), nodes)
      const dies = nodes[which % count] ?? ''
      const before = owned(candidacies, electorate(nodes))
      const after = owned(candidacies, electorate(nodes.filter((node) => node !== dies)))
      const its = [...before].filter(([, node]) => node === dies).map(([ip]) => ip)
      assert.deepEqual(moved(before, after), its)
    }),
  )
})

test('election/spread: a new Service moves others only to where they would be by their hash', () => {
  fc.assert(
    fc.property(sizes, ({ vips, count }) => {
      const nodes = nodesOf(count)
      const before = owned(table(ipsOf(vips), nodes), electorate(nodes))
      const after = owned(table(ipsOf(vips + 1), nodes), electorate(nodes))
      const roomGrows = roomFor(vips + 1, count) > roomFor(vips, count)
      for (const ip of moved(before, after)) {
        const order = orderOf(ip, nodes)
        const place = (node: string | undefined) => order.indexOf(node ?? '')
        assert.ok(roomGrows && place(after.get(ip)) < place(before.get(ip)), ip)
      }
    }),
  )
})

test('election/spread: Services that come and go in a small cluster seldom move others', () => {
  const nodes = nodesOf(3)
  let [changes, moves] = [0, 0]
  for (let vips = 1; vips <= 30; vips++) {
    const ips = ipsOf(vips)
    const before = owned(table(ips, nodes), electorate(nodes))
    for (const gone of ips) {
      const rest = ips.filter((ip) => ip !== gone)
      changes++
      moves += moved(before, owned(table(rest, nodes), electorate(nodes))).length
    }
  }
  assert.ok(moves / changes < 0.6, `${moves} for ${changes} Services that went`)
})

test('election/spread: a Service that goes, and a node that comes, move few', () => {
  const [nodes, ips] = [nodesOf(10), ipsOf(1000)]
  const before = owned(table(ips, nodes), electorate(nodes))
  const gone = owned(table(ips.slice(1), nodes), electorate(nodes))
  assert.ok(moved(before, gone).length <= 1, `${moved(before, gone).length} of 999`)
  const more = [...nodes, 'w11']
  const come = moved(before, owned(table(ips, more), electorate(more)))
  // Its share is 91.
  assert.ok(come.length <= 100, `${come.length} of 1000`)
})

test('election/spread: most addresses are where MetalLB would have them', () => {
  const [nodes, ips] = [nodesOf(5), ipsOf(1000)]
  const all = owned(table(ips, nodes), electorate(nodes))
  const elsewhere = ips.filter((ip) => all.get(ip) !== orderOf(ip, nodes)[0])
  assert.ok(elsewhere.length < 50, `${elsewhere.length}`)
})

test('election/spread: the order in which members and nodes are known does not matter', () => {
  fc.assert(
    fc.property(withDead, ({ vips, nodes, dead }) => {
      const alive = nodes.filter((node) => !dead.includes(node))
      const reversed = nodes.toReversed()
      assert.deepEqual(
        owned(table(ipsOf(vips), reversed), electorate(alive.toReversed())),
        owned(table(ipsOf(vips), nodes), electorate(alive)),
      )
    }),
  )
})

test('election/spread: with a member that is not ours, all is where MetalLB has it', () => {
  fc.assert(
    fc.property(withDead, ({ vips, nodes, dead }) => {
      const alive = new Set(nodes.filter((node) => !dead.includes(node)))
      const all = owned(table(ipsOf(vips), nodes), { usable: alive, settled: undefined })
      for (const [ip, node] of all) {
        assert.equal(
          node,
          orderOf(ip, nodes).find((it) => alive.has(it)),
        )
      }
    }),
  )
})

test('election/spread: Services that share an address are together, with all they have', () => {
  const seats = ['w1', 'w2', 'w3']
  const seated = seatAll([
    { ips: ['10.0.0.1', 'fd00::1'], seats },
    { ips: ['10.0.0.2'], seats: seats.toReversed() },
    { ips: ['fd00::1'], seats: seats.toReversed() },
    { ips: ['10.0.0.3', 'fd00::1'], seats },
  ])
  const homes = ['10.0.0.1', 'fd00::1', '10.0.0.3'].map((ip) => seated.get(ip)?.home)
  assert.deepEqual(homes, ['w1', 'w1', 'w1'])
  assert.equal(seated.get('10.0.0.2')?.home, 'w3')
})

test('election/spread: a Service without endpoints keeps its seat; one that no node may have has none', () => {
  const seated = seatAll([
    { ips: ['10.0.0.1'], seats: [] },
    { ips: ['10.0.0.2'], seats: ['w1', 'w2'] },
    { ips: [], seats: [] },
  ])
  assert.deepEqual([...seated.keys()], ['10.0.0.2'])
})

const one: Candidacy = {
  service: 'default/nginx',
  ip: '10.0.0.1',
  order: ['w1', 'w2', 'w3'],
  interfaces: 'all',
  seat: { group: '10.0.0.1', home: 'w1' },
}
const down = (...names: string[]): Uplinks => new Map(names.map((name) => [name, 'down']))
const returning: Uplinks = new Map([['*', 'returning']])
const listed = { w1: ['eth1', 'eth2'], w2: ['eth1'] }
const all = ['w1', 'w2', 'w3']

for (const [what, candidacy, uplinks, settled, expected] of [
  ['its home, where all is well', one, {}, all, 'w1'],
  ['the next, where no interface of its home is there', one, { w1: down('*') }, all, 'w2'],
  ['the next, while one of its home has only just come back', one, { w1: returning }, all, 'w2'],
  ['the next, while its home is not settled', one, {}, ['w2', 'w3'], 'w2'],
  [
    'one that waits rather than one that is down',
    one,
    { w1: down('*'), w2: returning, w3: down('*') },
    all,
    'w2',
  ],
  [
    'the first, where all are down',
    one,
    { w1: down('*'), w2: down('*'), w3: down('*') },
    all,
    'w1',
  ],
  [
    'its home, while one of the listed interfaces is up',
    { ...one, uplinks: listed },
    { w1: down('eth1') },
    all,
    'w1',
  ],
  [
    'the next, where all listed interfaces are down',
    { ...one, uplinks: listed },
    { w1: down('eth1', 'eth2') },
    all,
    'w2',
  ],
  [
    'one with another list, where those of both others are down',
    { ...one, uplinks: listed },
    { w1: down('eth1', 'eth2'), w2: down('eth1') },
    all,
    'w3',
  ],
  [
    'its home, where interfaces are down that it does not need',
    one,
    { w1: down('eth1') },
    all,
    'w1',
  ],
  [
    'the preferred of those that can',
    { ...one, weights: { w3: 10 }, order: ['w3', 'w1', 'w2'], seat: { group: 'x', home: 'w3' } },
    {},
    all,
    'w3',
  ],
  ['nobody, where nobody lives', { ...one, order: ['w9'] }, {}, all, undefined],
] as const) {
  test(`election/owners: an address is owned by ${what}`, () => {
    const told = new Map(Object.entries(uplinks as Record<string, Uplinks>))
    const electors = electorate(all, { settled: [...settled], uplinks: told })
    assert.equal(owners([candidacy], electors)[0]?.owner, expected)
  })
}

test('election/owners: preference goes before balance', () => {
  const preferring = ipsOf(10).map((ip) => ({
    ...one,
    ip,
    order: ['w2', 'w1', 'w3'],
    weights: { w2: 1 },
    seat: { group: ip, home: 'w1' },
  }))
  const all = owned(preferring, electorate(['w2', 'w3']))
  assert.deepEqual(new Set(all.values()), new Set(['w2']))
})

test('election/spread: room is 1.25 times the mean, rounded up', () => {
  for (const [count, nodes, room] of [
    [1, 3, 1],
    [3, 3, 2],
    [4, 5, 1],
    [1000, 10, 125],
  ] as const) {
    assert.equal(roomFor(count, nodes), room)
  }
})
