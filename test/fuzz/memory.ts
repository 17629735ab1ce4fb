/**
 * Feeds one member with mutated datagrams and prints how its heap grew, in bytes, from the second
 * quarter of them on: then its tables are warm. `node --expose-gc test/fuzz/memory.ts SEED COUNT`
 */
import assert from 'node:assert/strict'
import { Rig } from './rig.ts'
import { withFlippedBit } from './mutate.ts'
import { CLEAR, SECURITIES, datagram } from './samples.ts'

const [seed = 1, count = 100_000] = process.argv.slice(2).map(Number)
/** Takes both; what was sealed comes out of OpenSSL, in memory of another kind. */
const both = SECURITIES.find(({ verifyIncoming }) => verifyIncoming === false)
assert.ok(both && globalThis.gc, 'wants --expose-gc')
const rig = new Rig(seed, both)
const heap = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
let warm = 0
let bytes: Uint8Array = new Uint8Array()
for (let i = 0; i < count; i++) {
  if (i === Math.floor(count / 4)) warm = heap()
  const fresh = i % 5 === 0
  if (fresh) bytes = datagram(rig.random, i % 40 === 0 ? both : CLEAR)
  rig.datagram(fresh ? bytes : withFlippedBit(rig.random, bytes))
  // Ten a second: what is dead is forgotten again, as in life.
  if (fresh) rig.pass(500)
}
console.log(heap() - warm)
