/** Work that takes its share of a thread and no more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock, settle } from '../../test/fakes/clock.ts'
import { Paced } from './paced.ts'

test('speaker/paced: done at once, and all that is wanted in a rest after it in one', async () => {
  const clock = new FakeClock()
  const at: number[] = []
  let done = Promise.withResolvers<void>()
  const paced = new Paced({
    clock,
    rests: 3,
    work: () => {
      at.push(clock.now())
      return done.promise
    },
  })
  paced.want()
  assert.deepEqual(at, [0], 'at once')
  paced.want()
  await clock.advance(10)
  assert.deepEqual(at, [0], 'it is not over')
  const first = done
  done = Promise.withResolvers()
  first.resolve()
  await settle()
  for (let i = 0; i < 29; i++) {
    paced.want()
    await clock.advance(1)
  }
  assert.deepEqual(at, [0], 'it rests three times the ten that it took')
  await clock.advance(100)
  assert.deepEqual(at, [0, 40], 'once, for all of them')
})

test('speaker/paced: what takes no time needs no rest, and nobody wants it when it is closed', async () => {
  const clock = new FakeClock()
  let count = 0
  const quick = new Paced({ clock, rests: 3, work: () => void count++ })
  for (let i = 0; i < 5; i++) quick.want()
  assert.equal(count, 5)

  const done = Promise.withResolvers<void>()
  const slow = new Paced({ clock, rests: 3, work: () => (count++, done.promise) })
  slow.want()
  slow.want()
  await clock.advance(10)
  done.resolve()
  await settle()
  slow.close()
  await clock.advance(1000)
  assert.equal(count, 6)
})
