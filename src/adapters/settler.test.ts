import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { MemoryLog } from '../../test/contract/memory-log.ts'
import { Settler } from './settler.ts'
import { Trouble } from './trouble.ts'

function setUp() {
  const [clock, log, stop] = [new FakeClock(), new MemoryLog(), new AbortController()]
  const trouble = new Trouble(clock, log, 'not-done', 'done-again')
  /** Of the attempts that have begun: how each ends. */
  const attempts: PromiseWithResolvers<void>[] = []
  const settler = new Settler({ clock, trouble, signal: stop.signal }, () => {
    const attempt = Promise.withResolvers<void>()
    attempts.push(attempt)
    return attempt.promise
  })
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  return { clock, log, stop, attempts, settler, turn }
}

test('settler: one attempt at a time, and one more for all that changed meanwhile', async () => {
  const { attempts, settler, turn } = setUp()
  for (let i = 0; i < 3; i++) settler.touch()
  assert.equal(attempts.length, 1)
  attempts[0]?.resolve()
  await turn()
  assert.equal(attempts.length, 2)
  attempts[1]?.resolve()
  await turn()
  assert.equal(attempts.length, 2)
})

test('settler: what failed is tried again later, told once, and told when it is over', async () => {
  const { clock, log, attempts, settler, turn } = setUp()
  settler.touch()
  for (let i = 0; i < 3; i++) {
    attempts[i]?.reject(new Error('no'))
    await turn()
    assert.equal(attempts.length, i + 1)
    await clock.advance(2000)
    assert.equal(attempts.length, i + 2)
  }
  attempts[3]?.resolve()
  await turn()
  assert.deepEqual(log.events(), ['not-done', 'done-again'])
})

test('settler: after its signal no attempt begins, and a failure is not told', async () => {
  const { clock, log, stop, attempts, settler, turn } = setUp()
  settler.touch()
  settler.touch()
  stop.abort()
  attempts[0]?.reject(new Error('no'))
  await turn()
  settler.touch()
  await clock.advance(60_000)
  assert.equal(attempts.length, 1)
  assert.deepEqual(log.events(), [])
})
