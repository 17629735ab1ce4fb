import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryLog } from '../../test/contract/memory-log.ts'
import { FakeClock, settle } from '../../test/fakes/clock.ts'
import { FakeCluster } from '../../test/fakes/cluster.ts'
import { ApiError } from '../ports/cluster.ts'
import { DEPLOYMENTS, LEASES } from '../ports/resources.ts'
import { LEASE_NAME, Leadership } from './leadership.ts'
import type { Term } from './leadership.ts'
import { Owner } from './owner.ts'

const REF = { namespace: 'm', name: LEASE_NAME }

/** What becomes of a member's calls. */
type Line = 'well' | 'hangs' | 'hangs-after' | 'loses-answers' | 'slow' | ApiError

function setUp() {
  const cluster = new FakeCluster()
  const clock = new FakeClock()
  const member = (identity: string) => {
    const log = new MemoryLog()
    const it = {
      line: 'well' as Line,
      log,
      predecessor: false,
      /** Ends the work of a term, where the test wants it to take long. */
      working: undefined as Promise<void> | undefined,
      terms: [] as Term[],
    }
    const through = async <T>(call: () => Promise<T>): Promise<T> => {
      if (it.line instanceof ApiError) throw it.line
      if (it.line === 'hangs') return new Promise<T>(() => undefined)
      const answer = await call()
      if (it.line === 'slow') await new Promise<void>((resolve) => clock.after(1000, resolve))
      if (it.line === 'loses-answers') throw new ApiError(0, '', 'timed out')
      return it.line === 'hangs-after' ? new Promise<T>(() => undefined) : answer
    }
    const leases = {
      get: (...args: Parameters<FakeCluster['get']>) => through(() => cluster.get(...args)),
      create: (...args: Parameters<FakeCluster['create']>) =>
        through(() => cluster.create(...args)),
      update: (...args: Parameters<FakeCluster['update']>) =>
        through(() => cluster.update(...args)),
    }
    const predecessorRuns = () => Promise.resolve(it.predecessor)
    const owner = new Owner(cluster, log, 'm', 'controller')
    const deps = {
      leases: () => leases,
      clock,
      log,
      namespace: 'm',
      identity,
      owner,
      predecessorRuns,
    }
    const leadership = new Leadership(deps)
    const stop = new AbortController()
    const done = leadership.run(async (term) => {
      it.terms.push(term)
      await new Promise<void>((resolve) => term.signal.addEventListener('abort', () => resolve()))
      await it.working
    }, stop.signal)
    return Object.assign(it, { leadership, stop: () => stop.abort(), done })
  }
  const holder = async () =>
    ((await cluster.get(LEASES, REF))['spec'] as { holderIdentity: string }).holderIdentity
  return { cluster, clock, member, holder }
}

/** How long until it leads, in steps of 50 ms. */
async function msUntilLeading(
  clock: FakeClock,
  leads: { leadership: Leadership },
  limitMs = 20_000,
) {
  for (let ms = 0; ms <= limitMs; ms += 50) {
    if (leads.leadership.leading) return ms
    await clock.advance(50)
  }
  throw new Error(`does not lead after ${limitMs} ms`)
}

async function two() {
  const world = setUp()
  const a = world.member('a')
  await settle()
  const b = world.member('b')
  await world.clock.advance(2000)
  assert.deepEqual([a.leadership.leading, b.leadership.leading], [true, false])
  assert.deepEqual(b.log.lines.at(-1), {
    level: 'info',
    event: 'standing-by',
    fields: { leader: 'a' },
  })
  return { ...world, a, b }
}

test('controller/leadership: the first leads, the second stands by for as long as the first renews', async () => {
  const { clock, a, b, holder } = await two()
  await clock.advance(60_000)
  assert.equal(await holder(), 'a')
  assert.equal(a.terms.length, 1)
  assert.equal(b.terms.length, 0)
})

test('controller/leadership: the Lease that it makes goes with the Deployment', async () => {
  const { cluster, member } = setUp()
  const { metadata } = await cluster.create(DEPLOYMENTS, {
    metadata: { namespace: 'm', name: 'controller' },
  })
  member('a')
  await settle()
  const lease = await cluster.get(LEASES, REF)
  const owners = lease.metadata.ownerReferences as { kind: string; uid: string }[]
  assert.deepEqual(
    owners.map(({ kind, uid }) => [kind, uid]),
    [['Deployment', metadata.uid]],
  )
})

test('controller/leadership: after a kill the other leads within 5 s', async () => {
  const { clock, a, b } = await two()
  await clock.advance(999)
  a.line = 'hangs'
  const ms = await msUntilLeading(clock, b)
  assert.ok(ms > 2000 && ms <= 5000, `${ms} ms`)
})

test('controller/leadership: after a clean stop the other leads within a second, and not before the last write has ended', async () => {
  const { clock, a, b, holder } = await two()
  const gate = Promise.withResolvers<void>()
  a.working = gate.promise
  a.stop()
  await clock.advance(10_000)
  assert.equal(await holder(), 'a', 'it is renewed while writes are under way')
  assert.equal(a.terms[0]?.holds(), true)
  gate.resolve()
  await settle()
  assert.equal(await holder(), '')
  const ms = await msUntilLeading(clock, b)
  assert.ok(ms <= 1000, `${ms} ms`)
  await a.done
  assert.equal(a.log.events().at(-1), 'lease-released')
})

for (const [what, line] of [
  ['that does not answer', 'hangs'],
  ['that does what it is told but does not answer', 'hangs-after'],
  ['that is ill', new ApiError(500, '', 'ill')],
  ['that is not there', new ApiError(0, '', 'ECONNREFUSED')],
] as const) {
  test(`controller/leadership: with an API server ${what} a term ends before another can begin`, async () => {
    const { clock, a, b } = await two()
    a.line = line
    await clock.advance(3000)
    const [term] = a.terms
    assert.equal(term?.holds(), false)
    assert.equal(term.signal.aborted, true)
    assert.equal(b.leadership.leading, false)
    assert.ok(a.log.events().includes('leader-lost'))
    await msUntilLeading(clock, b)
    a.line = 'well'
    await clock.advance(10_000)
    assert.equal(a.leadership.leading, false)
    assert.equal(a.log.events().filter((event) => event === 'lease-unreachable').length <= 1, true)
  })
}

test('controller/leadership: the next term waits for the writes of the last, however it ended', async () => {
  const { clock, member } = setUp()
  const a = member('a')
  await settle()
  const gate = Promise.withResolvers<void>()
  a.working = gate.promise
  a.line = new ApiError(500, '', 'ill')
  await clock.advance(3000)
  assert.equal(a.terms[0]?.signal.aborted, true)
  a.line = 'well'
  await clock.advance(10_000)
  assert.equal(a.terms.length, 1)
  gate.resolve()
  await clock.advance(1000)
  assert.equal(a.terms.length, 2)
})

test('controller/leadership: who was stopped for a while may not write even before it hears of it', async () => {
  const { clock, a } = await two()
  const [term] = a.terms
  assert.equal(term?.holds(), true)
  // Time goes on, and nothing of this process runs.
  const later = clock.now() + 3500
  clock.now = () => later
  assert.equal(term.holds(), false)
  assert.equal(term.signal.aborted, false)
})

test('controller/leadership: a clock that stands still, or goes back, changes nothing', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1e12 })
  const { clock, a, b } = await two()
  await clock.advance(20_000)
  t.mock.timers.setTime(5e11)
  await clock.advance(20_000)
  assert.equal(a.terms.length, 1)
  assert.equal(b.terms.length, 0)
})

test('controller/leadership: a renewal that arrived though its answer was lost does not end the term', async () => {
  const { clock, a, cluster } = await two()
  const version = async () => (await cluster.get(LEASES, REF)).metadata.resourceVersion
  const before = await version()
  a.line = 'loses-answers'
  await clock.advance(1100)
  assert.notEqual(await version(), before, 'it arrived')
  a.line = 'well'
  await clock.advance(10_000)
  assert.equal(a.terms.length, 1)
  assert.equal(a.leadership.leading, true)
})

test('controller/leadership: a Lease that somebody touched or deleted is written again', async () => {
  const { clock, a, b, cluster, holder } = await two()
  const lease = await cluster.get(LEASES, REF)
  await cluster.update(LEASES, { ...lease, metadata: { ...lease.metadata, labels: { x: 'y' } } })
  await clock.advance(3000)
  assert.equal(await holder(), 'a')
  await cluster.delete(LEASES, REF)
  for (let i = 0; i < 200; i++) {
    await clock.advance(50)
    assert.equal(b.leadership.leading, false)
  }
  assert.equal(await holder(), 'a')
  assert.equal(a.terms.length, 1)
})

test('controller/leadership: who sees that another holds the Lease stops at once, whatever time is left', async () => {
  const { clock, a, b, cluster } = await two()
  const lease = await cluster.get(LEASES, REF)
  // As by kubectl edit.
  const spec = { ...(lease['spec'] as object), holderIdentity: 'stranger' }
  await cluster.update(LEASES, { ...lease, spec })
  await clock.advance(1500)
  assert.equal(a.terms[0]?.signal.aborted, true)
  assert.deepEqual([a.leadership.leading, b.leadership.leading], [false, false])
})

test('controller/leadership: without the right to it, it says what to do, once, and leads when it has it', async () => {
  const { clock, member } = setUp()
  const a = member('a')
  a.line = new ApiError(403, 'Forbidden', 'leases is forbidden')
  await clock.advance(30_000)
  assert.match(a.leadership.problem ?? '', /apply the Role "controller".*--leader-elect=false/)
  const told = a.log.lines.filter(({ level }) => level !== 'debug')
  assert.deepEqual(
    told.map(({ event }) => event),
    ['lease-refused'],
  )
  a.line = 'well'
  await clock.advance(1000)
  assert.equal(a.leadership.problem, undefined)
  assert.equal(a.leadership.leading, true)
})

test('controller/leadership: where one leads without a Lease, the first Lease waits until it is gone', async () => {
  const { clock, member } = setUp()
  const a = member('a')
  a.predecessor = true
  await clock.advance(10_000)
  assert.equal(a.leadership.leading, false)
  assert.deepEqual(a.log.events(), ['waiting-for-predecessor'])
  a.predecessor = false
  await clock.advance(600)
  assert.equal(a.leadership.leading, true)
  // Once there is a Lease it is all that counts.
  a.predecessor = true
  await clock.advance(10_000)
  assert.equal(a.terms.length, 1)
  a.stop()
  await a.done
  const b = member('b')
  b.predecessor = true
  await clock.advance(1000)
  assert.equal(b.leadership.leading, true)
})

for (const [what, beganAt] of [
  ['claim', 0],
  ['renewal', 1000],
] as const) {
  test(`controller/leadership: of a ${what} that takes its time, the time counts from where it began`, async () => {
    const { clock, member } = setUp()
    const a = member('a')
    if (beganAt > 0) await clock.advance(beganAt - 1)
    a.line = 'slow'
    await settle()
    await clock.advance(beganAt + 999 - clock.now())
    a.line = 'hangs'
    await clock.advance(1)
    const [term] = a.terms
    await clock.advance(beganAt + 3000 - 1 - clock.now())
    assert.equal(term?.holds(), true)
    await clock.advance(1)
    assert.equal(term.holds(), false)
    assert.equal(a.leadership.leading, false)
  })
}

test('controller/leadership: who comes too late to renew ends its term, and claims the Lease anew', async () => {
  const { clock, cluster, member } = setUp()
  const a = member('a')
  await settle()
  const before = cluster.calls.length
  // It slept for longer than its term: its timers are late.
  const later = clock.now() + 3500
  clock.now = () => later
  await clock.advance(1000)
  assert.deepEqual(
    cluster.calls.slice(before).map((call) => call.split(' ')[0]),
    ['get', 'update'],
  )
  assert.deepEqual([a.terms[0]?.signal.aborted, a.terms.length], [true, 2])
})
