import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BroadcastQueue } from './broadcast-queue.ts'

interface Entry {
  readonly subject: string
  readonly bytes: Uint8Array
  readonly id: number
  sent: number
}

/** What it must be like: all sorted anew for each taking, as the words of its doc say. */
class Model {
  #entries: Entry[] = []
  #nextId = 0

  get size(): number {
    return this.#entries.length
  }

  queue(subject: string, bytes: Uint8Array): void {
    this.#entries = this.#entries.filter((entry) => entry.subject !== subject)
    this.#entries.push({ subject, bytes, id: this.#nextId++, sent: 0 })
  }

  take(budget: number, overhead: number, limit: number): Uint8Array[] {
    const order = this.#entries.toSorted(
      (a, b) => a.sent - b.sent || b.bytes.length - a.bytes.length || b.id - a.id,
    )
    const taken = order.filter(({ bytes }) => {
      const fits = bytes.length + overhead <= budget
      if (fits) budget -= bytes.length + overhead
      return fits
    })
    for (const entry of taken) entry.sent++
    this.#entries = this.#entries.filter((it) => !taken.includes(it) || it.sent < limit)
    return taken.map(({ bytes }) => bytes)
  }
}

test('gossip/queue: takes as if it sorted all of it each time, whatever is queued and taken', () => {
  const step = fc.oneof(
    fc.record({ subject: fc.integer({ max: 9, min: 0 }), length: fc.nat(12) }),
    fc.record({ budget: fc.nat(60), limit: fc.integer({ min: 1, max: 5 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), fc.nat(3), (steps, overhead) => {
      const queue = new BroadcastQueue()
      const model = new Model()
      for (const [i, step] of steps.entries()) {
        if ('subject' in step) {
          // Each tells itself from the others of its length by what it is filled with.
          const bytes = new Uint8Array(step.length).fill(i)
          queue.queue(`w${step.subject}`, bytes)
          model.queue(`w${step.subject}`, bytes)
        } else {
          const taken = queue.take(step.budget, overhead, step.limit)
          assert.deepEqual(taken, model.take(step.budget, overhead, step.limit))
        }
        assert.equal(queue.size, model.size)
      }
    }),
    { numRuns: 500 },
  )
})
