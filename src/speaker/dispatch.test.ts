/** What comes of many addresses at once is told in few tables, one at a time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryLog } from '../../test/contract/memory-log.ts'
import { FakeClock, settle } from '../../test/fakes/clock.ts'
import { Dispatch } from './dispatch.ts'
import type { GossipToMain, ToPacket } from './messages.ts'
import { VipOwners } from './vip-owners.ts'

const IPS = Array.from({ length: 100 }, (_, i) => `10.0.0.${i}`)
const ALONE = { usable: new Set(['a']), settled: new Set(['a']) }

/** Each look at the time takes a millisecond, so that all work takes some. */
class SlowClock extends FakeClock {
  #looks = 0

  override now(): number {
    return super.now() + this.#looks++
  }
}

function begin(clock: FakeClock) {
  const vips = new VipOwners({ self: 'a', seq: 0, member: () => undefined })
  const toMain: GossipToMain[] = []
  const toPacket: ToPacket[] = []
  const dispatch = new Dispatch(vips, {
    clock,
    log: new MemoryLog(),
    unixMs: () => 0,
    toMain: (message) => void toMain.push(message),
    toPacket: (message) => void toPacket.push(message),
    say: () => undefined,
    idle: () => undefined,
  })
  /** There are so many addresses now. */
  const reckon = (count: number) => {
    const ips = IPS.slice(0, count)
    vips.setCandidacies(
      ips.map((ip) => ({ service: `default/${ip}`, ip, order: ['a'], interfaces: 'all' })),
    )
    vips.update(ALONE, clock.now())
    dispatch.flush()
  }
  const tables = () => toMain.flatMap((message) => (message.kind === 'owners' ? message : []))
  return { vips, dispatch, reckon, toPacket, tables }
}

test('speaker/dispatch: the packet thread is told of each change at once, people of all in few tables', async () => {
  const clock = new SlowClock()
  const { dispatch, reckon, toPacket, tables } = begin(clock)
  for (const i of IPS.keys()) {
    reckon(i + 1)
    dispatch.ownersTaken()
    await clock.advance(1)
  }
  assert.equal(toPacket.length, IPS.length)
  await clock.advance(1000)
  const count = tables().length
  assert.ok(count > 1 && count < IPS.length / 2, `${count} tables of owners`)
  assert.equal(tables().at(-1)?.owners.length, IPS.length)
})

test('speaker/dispatch: no table before the last one was taken in', async () => {
  const clock = new FakeClock()
  const { dispatch, reckon, tables } = begin(clock)
  reckon(1)
  await clock.advance(0)
  reckon(2)
  await clock.advance(10_000)
  assert.equal(tables().length, 1)
  dispatch.ownersTaken()
  await settle()
  await clock.advance(30_000)
  assert.deepEqual(
    tables().map(({ owners }) => owners.length),
    [1, 2],
  )
})

test('speaker/dispatch: what comes of each announcement is looked at together', async () => {
  const clock = new SlowClock()
  const { vips, dispatch, reckon } = begin(clock)
  reckon(IPS.length)
  let looks = 0
  const drain = vips.drain.bind(vips)
  vips.drain = () => (looks++, drain())
  for (const ip of IPS) {
    vips.announced([ip], clock.now())
    dispatch.want()
  }
  await clock.advance(1000)
  assert.ok(looks > 0 && looks < 5, `${looks} times`)
})

test('speaker/dispatch: an owner that has not changed is the same object in the next table', async () => {
  const clock = new FakeClock()
  const { dispatch, reckon, tables } = begin(clock)
  reckon(1)
  await clock.advance(0)
  dispatch.ownersTaken()
  await settle()
  reckon(2)
  await clock.advance(30_000)
  const [before, after] = tables().map(({ owners }) => owners)
  assert.equal(after?.length, 2)
  assert.equal(after[0], before?.[0])
})
