/** Nodes with two cables: one for gossip, one for an address. The second is cut. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { lateness } from '../lab/lateness.ts'
import { ensureLabPackages } from '../lab/packages.ts'
import { passes } from '../lab/until.ts'
import { SecondCable, give, nowMs, plug } from './second-cable.ts'
import { withSpeakers } from './speakers.ts'

const VIP = '10.78.0.9'

before(ensureLabPackages)

for (const [what, interfaces] of [
  ['the only listed interface', ['eth1']],
  ['one of two listed interfaces, the other of which is not there,', ['eth1', 'eth9']],
] as const) {
  test(`netns/uplinks: ${what} loses its carrier: another node takes over at once, and all live`, async (t) => {
    const two = [1, 2].map(() => ({ family: 4, firewall: false }) as const)
    await withSpeakers(two, (speakers) =>
      SecondCable.with(speakers, VIP, async (cable) => {
        const names = speakers.map(({ name }) => name)
        give(speakers, VIP, interfaces)
        await cable.answer(1, 0)

        const late = lateness()
        const cutMs = nowMs()
        await plug(1, 'down')
        const { atMs } = await cable.answer(2, cutMs)
        t.diagnostic(`the other answered ${(atMs - cutMs).toFixed(1)} ms after the cut was begun`)
        assert.ok(atMs - cutMs < 500 + late(), `${atMs - cutMs} ms`)
        for (const { members } of speakers) assert.deepEqual([...members].sort(), names)

        const mendedMs = nowMs()
        await plug(1, 'up')
        const { atMs: backMs } = await cable.answer(1, mendedMs)
        t.diagnostic(`and the first ${(backMs - mendedMs).toFixed(1)} ms after it was mended`)
        await passes('both to be logged', () => {
          const told = speakers[0]?.logged('uplinks').map(({ fields }) => fields['eth1'])
          assert.deepEqual(told?.slice(-2), ['down', undefined])
        })
      }),
    )
  })
}
