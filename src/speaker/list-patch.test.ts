import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ListReceiver, ListSender } from './list-patch.ts'

test('speaker/list-patch: whatever list follows, the other side has it', () => {
  const rows = Array.from({ length: 8 }, (_, id) => ({ id }))
  const list = fc.array(fc.constantFrom(...rows), { maxLength: 12 })
  fc.assert(
    fc.property(fc.array(list), (lists) => {
      const sender = new ListSender<{ id: number }>()
      const receiver = new ListReceiver<{ id: number }>()
      for (const one of lists) {
        assert.deepEqual(receiver.take(structuredClone(sender.patch(one))), one)
      }
    }),
  )
})

test('speaker/list-patch: only what is new crosses, and what has stayed is the same object there', () => {
  const sender = new ListSender<{ id: number }>()
  const receiver = new ListReceiver<{ id: number }>()
  const [one, two, three] = [{ id: 1 }, { id: 2 }, { id: 3 }]
  const before = receiver.take(structuredClone(sender.patch([one, two])))
  const patch = sender.patch([two, three])
  assert.deepEqual(patch, { from: Int32Array.of(1, -1), fresh: [three] })
  assert.equal(receiver.take(structuredClone(patch))[0], before[1])
})
