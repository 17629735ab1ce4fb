import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Timers } from './timers.ts'

test('gossip/timers: the earliest first, the first set before those of the same time; late ones too', () => {
  const timers = new Timers()
  const fired: string[] = []
  const note = (name: string) => (now: number) => fired.push(`${name}@${now}`)
  timers.set(5, note('b'))
  timers.set(5, note('c'))
  timers.set(3, (now) => {
    note('a')(now)
    timers.set(1, note('late'))
  })
  timers.set(9, note('d'))
  assert.equal(timers.next(), 3)
  timers.run(7)
  assert.deepEqual(fired, ['a@7', 'late@7', 'b@7', 'c@7'])
  assert.deepEqual([timers.next(), timers.size], [9, 1])
})

test('gossip/timers: what is cleared is gone, and cancelling it late is harmless', () => {
  const timers = new Timers()
  const cancel = timers.set(1, () => assert.fail('was cleared'))
  timers.clear()
  timers.set(2, () => undefined)
  cancel()
  cancel()
  assert.deepEqual([timers.next(), timers.size], [2, 1])
})

/** What it must be like: a list, sorted when asked. */
class Model {
  #pending: { at: number; id: number }[] = []
  set(at: number, id: number) {
    this.#pending.push({ at, id })
    this.#pending.sort((a, b) => a.at - b.at || a.id - b.id)
  }
  cancel(id: number) {
    this.#pending = this.#pending.filter((timer) => timer.id !== id)
  }
  run(now: number): number[] {
    const due = this.#pending.filter(({ at }) => at <= now)
    this.#pending = this.#pending.filter(({ at }) => at > now)
    return due.map(({ id }) => id)
  }
  next = (): number | undefined => this.#pending[0]?.at
  size = (): number => this.#pending.length
}

test('gossip/timers: as a sorted list, whatever is set, cancelled and run', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ set: fc.integer({ min: 0, max: 50 }) }) },
    { weight: 3, arbitrary: fc.record({ cancel: fc.nat(100) }) },
    { weight: 1, arbitrary: fc.record({ run: fc.integer({ min: 0, max: 50 }) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const timers = new Timers()
      const model = new Model()
      const cancels: (() => void)[] = []
      let fired: number[] = []
      for (const step of steps) {
        if ('set' in step) {
          const id = cancels.length
          cancels.push(timers.set(step.set, () => fired.push(id)))
          model.set(step.set, id)
        } else if ('cancel' in step) {
          cancels[step.cancel]?.()
          model.cancel(step.cancel)
        } else {
          fired = []
          timers.run(step.run)
          assert.deepEqual(fired, model.run(step.run))
        }
        assert.deepEqual([timers.next(), timers.size], [model.next(), model.size()])
      }
    }),
  )
})
