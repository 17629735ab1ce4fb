import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { PortCheck } from './port-check.ts'

/** `closed`: addresses that do not answer. */
function setUp(...addresses: string[]) {
  const clock = new FakeClock()
  const closed = new Set<string>()
  const tried: string[] = []
  const check = new PortCheck(clock, (address) => {
    tried.push(address)
    return Promise.resolve(closed.has(address) ? 'silent' : 'open')
  })
  check.set(addresses)
  return {
    clock,
    closed,
    tried,
    check,
    states: () => Object.fromEntries(check.states(clock.now())),
  }
}

test('speaker/ports: all are tried at first, then one of those that are open each round', async () => {
  const { clock, tried, states } = setUp('a', 'b', 'c')
  await clock.advance(3000)
  assert.deepEqual(tried.splice(0), ['a', 'b', 'c'])
  await clock.advance(9000)
  assert.deepEqual(tried, ['a', 'b', 'c'])
  assert.deepEqual(states()['b'], { door: 'open', forMs: 9000 })
})

test('speaker/ports: one that is closed is tried at each round, and for how long it was is told', async () => {
  const { clock, closed, tried, states } = setUp('a', 'b')
  closed.add('b')
  await clock.advance(3000)
  tried.splice(0)
  await clock.advance(9000)
  assert.equal(tried.filter((address) => address === 'b').length, 3)
  assert.deepEqual(states()['b'], { door: 'silent', forMs: 9000 })
  closed.clear()
  await clock.advance(3000)
  assert.deepEqual(states()['b'], { door: 'open', forMs: 0 })
})

test('speaker/ports: a hundred closed ones are tried a few at a time', async () => {
  const addresses = Array.from({ length: 100 }, (_, i) => `${i}`)
  const { clock, closed, tried } = setUp(...addresses)
  for (const address of addresses) closed.add(address)
  await clock.advance(3000)
  assert.equal(tried.length, 16)
  await clock.advance(18_000)
  assert.equal(new Set(tried).size, 100)
})

test('speaker/ports: who is named no more is forgotten; closed, nobody is tried', async () => {
  const { clock, tried, check, states } = setUp('a', 'b')
  await clock.advance(3000)
  check.set(['a'])
  assert.deepEqual(Object.keys(states()), ['a'])
  check.close()
  tried.splice(0)
  await clock.advance(60_000)
  assert.deepEqual(tried, [])
})
