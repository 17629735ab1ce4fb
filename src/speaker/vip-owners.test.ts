/** What two speakers answer for, from the words they have with each other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Candidacy } from '../core/election/candidacy.ts'
import { electionOrder } from '../core/election/order.ts'
import { seatAll } from '../core/election/spread.ts'
import { markOf } from '../core/gossip/mark.ts'
import type { Member } from '../core/gossip/members.ts'
import type { HandoverMessage } from '../core/wire/handover.ts'
import { VipOwners } from './vip-owners.ts'

const VIP = { ip: '172.18.0.10', interfaces: ['eth0'] }

const member = (name: string): Member => ({
  name,
  addr: Uint8Array.of(172, 18, 0, 2),
  port: 7946,
  meta: markOf(true),
  vsn: new Uint8Array(6),
  incarnation: 1,
  state: 'alive',
  changedAt: 0,
})

function speakers() {
  const dead = new Set<string>()
  const memberNow = (name: string): Member => {
    return { ...member(name), state: dead.has(name) ? 'dead' : 'alive' }
  }
  const all = ['a', 'b'].map((self) => new VipOwners({ self, seq: 0, member: memberNow }))
  const electorate = { usable: new Set(['a', 'b']), settled: new Set(['a', 'b']) }
  const [a, b] = all
  assert.ok(a && b)
  return {
    a,
    b,
    dead,
    /** This one hears from the API who may announce it, best first. */
    candidates: (speaker: VipOwners, order: readonly string[]) => {
      speaker.setCandidacies([{ service: 'default/web', order, ...VIP }])
      speaker.update(electorate, 0)
    },
    /** All words that are under way arrive. */
    talk: () => {
      for (let i = 0; i < 5; i++) {
        for (const speaker of all) {
          for (const { to, message } of speaker.drain().send) (to === 'a' ? a : b).heard(message, 0)
        }
      }
    },
  }
}

test('speaker/vip-owners: what another gives when asked is in the table, with its interfaces', () => {
  const { a, b, candidates, talk } = speakers()
  candidates(a, ['a', 'b'])
  candidates(b, ['a', 'b'])
  talk()
  assert.deepEqual([a.table, b.table], [[VIP], []])
  candidates(b, ['b', 'a'])
  assert.deepEqual(b.table, [], 'a has not given it yet')
  talk()
  assert.deepEqual([a.table, b.table], [[VIP], [VIP]])
  assert.deepEqual([a.handover.lame, b.handover.lame], [[VIP.ip], []])
  b.handover.announced([VIP.ip])
  a.handover.claimed([VIP.ip], 0)
  assert.deepEqual([a.table, b.table], [[], [VIP]])
})

test('speaker/vip-owners: one that comes to others asks for what it is to take', () => {
  const { a, b, candidates, talk } = speakers()
  a.setCandidacies([{ service: 'default/web', order: ['b', 'a'], ...VIP }])
  a.update({ usable: new Set(['a']), settled: new Set(['a']) }, 0)
  assert.deepEqual(a.table, [VIP])
  candidates(b, ['b', 'a'])
  assert.deepEqual(b.table, [])
  talk()
  assert.deepEqual([a.table, b.table], [[VIP], [VIP]])
})

test('speaker/vip-owners: one that slept asks for what is its own by what it knows', () => {
  const { a, b, dead, candidates, talk } = speakers()
  candidates(a, ['a', 'b'])
  candidates(b, ['a', 'b'])
  talk()
  a.announced([VIP.ip], 0)
  talk()
  // It is given up, and does not know.
  dead.add('a')
  b.update({ usable: new Set(['b']), settled: new Set(['b']) }, 0)
  assert.deepEqual(b.table, [VIP])
  dead.clear()
  a.slept()
  candidates(a, ['a', 'b'])
  assert.deepEqual(a.table, [], 'b has not given it yet')
  talk()
  assert.deepEqual([a.table, b.table], [[VIP], [VIP]])
  assert.deepEqual([a.handover.lame, b.handover.lame], [[], [VIP.ip]])
})

test('speaker/vip-owners: one that slept and lost nothing tells of no take-over', () => {
  const { a, b, candidates, talk } = speakers()
  candidates(a, ['a', 'b'])
  candidates(b, ['a', 'b'])
  talk()
  a.announced([VIP.ip], 0)
  assert.equal(a.settle(0, 0).length, 1)
  a.slept()
  candidates(a, ['a', 'b'])
  talk()
  a.announced([VIP.ip], 0)
  assert.deepEqual([a.table, b.table], [[VIP], []])
  assert.deepEqual(a.settle(0, 0), [])
})

test('speaker/vip-owners: a new address belongs to nobody yet: it is not asked for', () => {
  const { b, candidates } = speakers()
  candidates(b, [])
  candidates(b, ['b', 'a'])
  assert.deepEqual(b.table, [VIP])
})

const NODES = ['w1', 'w2', 'w3']

/** The API as it is with these of nine Services, which were made in the order of their addresses. */
function tableOf(ips: readonly string[]): Candidacy[] {
  const candidates = NODES.map((name) => ({ name, weight: 0 }))
  const orders = ips.map((ip) => electionOrder(candidates, ip))
  const seats = seatAll(ips.map((ip, i) => ({ ips: [ip], seats: orders[i] ?? [] })))
  return ips.map((ip, i) => {
    const seat = seats.get(ip)
    return { service: ip, ip, order: orders[i] ?? [], interfaces: 'all', ...(seat && { seat }) }
  })
}

/** What one speaker hears next: which Services there are, and whose interfaces are up. */
const news = fc.record({
  who: fc.nat(NODES.length - 1),
  ips: fc.subarray(Array.from({ length: 9 }, (_, i) => `10.0.0.${i + 1}`)),
  up: fc.subarray(NODES),
  delivered: fc.nat(8),
  ms: fc.nat(500),
})

test('speaker/vip-owners: whoever hears what when, in the end each address has one owner, by all', () => {
  fc.assert(
    fc.property(fc.array(news, { minLength: 1, maxLength: 12 }), (all) => {
      const speakers = NODES.map((self) => new VipOwners({ self, seq: 0, member }))
      const mail: { to: string; message: HandoverMessage }[] = []
      let now = 0
      const collect = () => {
        for (const speaker of speakers) mail.push(...speaker.drain().send)
      }
      const deliver = (count: number) => {
        for (const { to, message } of mail.splice(0, count)) {
          speakers[NODES.indexOf(to)]?.heard(message, now)
        }
        collect()
      }
      const hear = (speaker: VipOwners | undefined, { ips, up }: (typeof all)[number]) => {
        const down = NODES.filter((name) => !up.includes(name))
        const uplinks = new Map(down.map((name) => [name, new Map([['*', 'down']] as const)]))
        const everybody = new Set(NODES)
        speaker?.setCandidacies(tableOf(ips))
        speaker?.update({ usable: everybody, settled: everybody, uplinks, spreads: true }, now)
        collect()
      }
      const pass = (ms: number) => {
        now += ms
        for (const { handover } of speakers) {
          handover.tick(now)
          handover.announced(handover.held)
        }
        collect()
      }
      for (const one of all) {
        hear(speakers[one.who], one)
        deliver(one.delivered)
        pass(one.ms)
      }
      const last = all.at(-1)
      assert.ok(last)
      for (const speaker of speakers) hear(speaker, last)
      for (let i = 0; i < 20; i++) {
        deliver(1000)
        pass(1000)
      }
      for (const ip of last.ips) {
        const holders = speakers.flatMap(({ table }, i) =>
          table.some((vip) => vip.ip === ip) ? (NODES[i] ?? []) : [],
        )
        const owner = speakers[0]?.view.find((it) => it.ip === ip)?.owner
        assert.deepEqual(holders, [owner], ip)
      }
      assert.deepEqual(
        speakers.map(({ table }) => table.length).reduce((sum, count) => sum + count),
        last.ips.length,
      )
    }),
  )
})

test('speaker/vip-owners: an address is the first time this node has it only where nobody had it', () => {
  const { a, b, candidates, talk } = speakers()
  candidates(a, [])
  assert.deepEqual(a.first, [])
  candidates(a, ['a', 'b'])
  candidates(b, ['a', 'b'])
  assert.deepEqual([a.first, b.first], [[VIP.ip], []])
  a.announced([VIP.ip], 0)
  assert.deepEqual(a.first, [])
  // Handed over, and without a candidate for a while: known all the same.
  candidates(b, ['b', 'a'])
  talk()
  candidates(b, [])
  candidates(b, ['b', 'a'])
  assert.deepEqual([b.table, b.first], [[VIP], []])
})

test('speaker/vip-owners: the address of a Service that is made anew is new again', () => {
  const { a, candidates } = speakers()
  candidates(a, ['a', 'b'])
  a.announced([VIP.ip], 0)
  a.setCandidacies([])
  a.update({ usable: new Set(['a', 'b']), settled: new Set(['a', 'b']) }, 0)
  candidates(a, ['a', 'b'])
  assert.deepEqual(a.first, [VIP.ip])
})

test('speaker/vip-owners: what nobody had is told as taken when it is announced, not before', () => {
  const { a, candidates } = speakers()
  candidates(a, [])
  candidates(a, ['a', 'b'])
  a.settle(0, 1000)
  assert.deepEqual([a.table, a.view[0]?.taken], [[VIP], undefined])
  a.announced([VIP.ip], 150)
  assert.deepEqual(a.view[0]?.taken, { cause: 'first', since: 1000 })
})

test('speaker/vip-owners: one that starts beside another takes nothing for new', () => {
  const { a, candidates } = speakers()
  candidates(a, ['a', 'b'])
  assert.deepEqual(a.first, [], 'b may have had it')
})

test('speaker/vip-owners: the one that takes knows from whom and why, and who would be next', () => {
  const { a, b, candidates, talk } = speakers()
  candidates(a, ['a', 'b'])
  candidates(b, ['a', 'b'])
  talk()
  const settle = () => [a, b].map((speaker) => speaker.settle(0, 1000))
  assert.deepEqual(settle()[0]?.[0]?.from, 'b', 'a started beside b, which may have had it')
  candidates(b, ['b', 'a'])
  settle()
  talk()
  b.announced([VIP.ip], 20)
  assert.deepEqual(settle()[1], [{ cause: 'handover', from: 'a', outageMs: 0, since: 1000 }])
  const [view] = b.viewNow(700)
  assert.deepEqual([view?.owner, view?.next, view?.since], ['b', 'a', 700])
  assert.equal(view?.taken?.cause, 'handover')
  candidates(a, ['b', 'a'])
  a.handover.claimed([VIP.ip], 0)
  settle()
  assert.equal(a.viewNow(0)[0]?.taken, undefined)
})

test('speaker/vip-owners: of a death it knows how long nobody can have answered', () => {
  let dead = false
  const b = new VipOwners({
    self: 'b',
    seq: 0,
    member: (name) => {
      return dead && name === 'a'
        ? { ...member(name), state: 'dead', lost: 'nodeGone' }
        : member(name)
    },
    heardAt: () => 300,
  })
  b.setCandidacies([{ service: 'default/web', order: ['a', 'b'], ...VIP }])
  b.update({ usable: new Set(['a', 'b']), settled: new Set(['a', 'b']) }, 0)
  b.settle(0, 0)
  dead = true
  b.update({ usable: new Set(['b']), settled: new Set(['b']) }, 1000)
  assert.deepEqual(b.settle(1000, 5000), [], 'it is not announced yet')
  assert.equal(b.view[0]?.taken, undefined)
  b.announced([VIP.ip], 1010)
  const taken = { cause: 'nodeGone', from: 'a', outageMs: 710, since: 5000 }
  assert.deepEqual(b.settle(1010, 5010), [taken])
  assert.deepEqual(b.view[0]?.taken, taken)
})
