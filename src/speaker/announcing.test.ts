/** A thousand new addresses at the pace of users: when they are asked for, and when announced. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROBED_MS } from '../core/announce/gratuitous.ts'
import type { AnnouncingInterface } from '../core/announce/interfaces.ts'
import { VipTable } from '../core/announce/vips.ts'
import { Announcing } from './announcing.ts'

const eth0: AnnouncingInterface = {
  index: 2,
  name: 'eth0',
  mac: Uint8Array.of(2, 0, 0, 0, 0, 1),
  arp: true,
  linkLocal: undefined,
}
const vips = new VipTable(
  Array.from({ length: 1000 }, (_, i) => ({ ip: `10.0.${i >> 8}.${i & 255}`, interfaces: 'all' })),
)

/** When each was announced for the first time, in order; the thread wakes at whole milliseconds. */
function firsts(packetsPerSecond: number, untilMs: number): number[] {
  const announcedAt: number[] = []
  const ports = { send: () => true, begins: () => undefined, sent: () => undefined }
  const options = { refreshMs: undefined, packetsPerSecond, conflict: 'tell' } as const
  const announcing = new Announcing(options, ports)
  announcing.update(0, vips, [eth0], { probed: () => true })
  for (let now = 0; now < untilMs; now = Math.max(now, Math.ceil(announcing.deadline(now)))) {
    announcedAt.push(...announcing.run(now).map(() => now))
  }
  return announcedAt
}

test('speaker/announcing: without a bound a thousand new addresses are probed for side by side', () => {
  assert.deepEqual(
    firsts(Infinity, 300),
    Array.from({ length: 1000 }, () => PROBED_MS),
  )
})

test('speaker/announcing: at 5000 packets a second the first of a thousand does not wait for the last', () => {
  const all = firsts(5000, 2000)
  assert.equal(all.length, 1000)
  assert.equal(all[0], PROBED_MS)
  // Two probes and the two packets of an announcement each would be 0.8 s, were the rate used all the time.
  const lastMs = all.at(-1) ?? NaN
  assert.ok(lastMs > 800 && lastMs < 950, `${lastMs} ms`)
})
