/**
 * How a speaker was lost, as its kernel tells it by ARP or neighbour discovery: connections to it are
 * swallowed by a firewall from the start.
 */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { STEADY } from '../../src/core/gossip/detection.ts'
import { lateness } from '../lab/lateness.ts'
import { ensureLabPackages } from '../lab/packages.ts'
import { until } from '../lab/until.ts'
import { unplug, withSpeakers } from './speakers.ts'
import type { Speaker } from './speakers.ts'

before(ensureLabPackages)

/** The first accepts connections, so that the others can join. */
const three = (family: 4 | 6) => [false, true, true].map((firewall) => ({ family, firewall }))

/** Does it, and says how those who watch told of the death, and after how many ms. */
async function death(
  victim: Speaker,
  watchers: readonly Speaker[],
  act: () => unknown,
): Promise<{ readonly cause: string; readonly ms: number }> {
  const since = performance.now()
  await act()
  await until(
    `${victim.name} to be missed by all`,
    () => watchers.every(({ members }) => !members.includes(victim.name)),
    { timeoutMs: 10_000, everyMs: 10 },
  )
  const told = watchers
    .flatMap((watcher) => watcher.logged('gossip-detected'))
    .filter(({ fields }) => fields['member'] === victim.name)
  assert.ok(told.length > 0, 'it was missed, but not by the fast detector')
  const first = told.reduce((a, b) => (a.at < b.at ? a : b))
  return { cause: String(first.fields['cause']), ms: first.at - since }
}

for (const family of [4, 6] as const) {
  test(`netns/kernel-word: IPv${family}: a cut cable is told from a slow speaker`, async (t) => {
    await withSpeakers(three(family), async ([first, second, victim]) => {
      assert.ok(first && second && victim)
      const watchers = [first, second]
      const late = lateness()
      const { cause, ms } = await death(victim, watchers, () => unplug(victim, 'nomaster'))
      t.diagnostic(`${cause} after ${ms.toFixed()} ms`)
      assert.equal(cause, 'nodeGone')
      assert.ok(ms >= STEADY.goneMs && ms < 1200 + late(), `${ms} ms`)
    })
  })

  test(`netns/kernel-word: IPv${family}: a stopped speaker has all patience, a killed one none`, async (t) => {
    await withSpeakers(three(family), async ([first, second, victim]) => {
      assert.ok(first && second && victim)
      const stopped = await death(victim, [first, second], () => victim.signal('SIGSTOP'))
      t.diagnostic(`${stopped.cause} after ${stopped.ms.toFixed()} ms`)
      assert.equal(stopped.cause, 'speakerSilent')
      assert.ok(stopped.ms >= STEADY.pausedMs - STEADY.intervalMs, `${stopped.ms} ms`)
      const killed = await death(second, [first], () => second.signal('SIGKILL'))
      assert.equal(killed.cause, 'speakerGone')
    })
  })
}

test('netns/kernel-word: of two, the one without carrier accuses nobody', async () => {
  const two = three(4).slice(0, 2)
  await withSpeakers(two, async ([first, victim]) => {
    assert.ok(first && victim)
    const { cause } = await death(victim, [first], () => unplug(victim, 'down'))
    assert.equal(cause, 'nodeGone')
    const withheld = () => victim.logged('gossip-withheld').map(({ fields }) => fields['reason'])
    await until('it to withhold', () => withheld().includes('noCarrier'))
    assert.deepEqual(victim.logged('gossip-detected'), [])
  })
})
