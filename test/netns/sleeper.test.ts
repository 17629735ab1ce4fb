/** A speaker sleeps, and its address goes to one that had not been settled: it wakes, and knows nothing of that. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { ensureLabPackages } from '../lab/packages.ts'
import { until } from '../lab/until.ts'
import { SecondCable, give, macOf, nowMs } from './second-cable.ts'
import { storyOf, withSpeakers } from './speakers.ts'

const VIP = '10.78.0.9'
/** Nobody returns meanwhile: only who has nobody to wait for is settled. */
const RETURN_DELAY_MS = 60_000
/** Who has just settled does not count as such at once (core/gossip/electorate.ts). */
const AT_REST_MS = 500

before(ensureLabPackages)

test('netns/sleeper: who was given up by those that settled meanwhile answers no request when it wakes', async () => {
  const three = [1, 2, 3].map(
    () => ({ family: 4, firewall: false, returnDelayMs: RETURN_DELAY_MS }) as const,
  )
  await withSpeakers(three, (speakers) =>
    SecondCable.with(speakers, VIP, async (cable) => {
      give(speakers, VIP, ['eth1'])
      const [sleeper] = speakers
      assert.ok(sleeper)
      await cable.answer(1, 0)
      const fromMs = nowMs()
      await sleeper.freeze()
      const frozenMs = nowMs()
      // Who of the others settles first has it, on a busy machine either.
      const others = [2, 3]
      const { atMs } = await until('another to answer', () => {
        return cable.answers(fromMs).find(({ mac }) => mac !== macOf(1))
      })
      const number = await until('one to answer at rest', () => {
        const last = cable.answers(atMs + AT_REST_MS).at(-1)
        return others.find((number) => macOf(number) === last?.mac)
      })
      const taker = speakers[number - 1]
      assert.ok(taker)
      sleeper.signal('SIGCONT')
      await until('it to wake', () => sleeper.logged('ownership-unsure').length > 0)
      // It knows again, and tells main of it.
      await until('it to know whose it is', () =>
        sleeper.heard.some((it) => it.kind === 'owners' && it.owners[0]?.owner === taker.name),
      )
      // What was asked until now has been written down when a later answer is.
      await cable.answer(number, nowMs())
      // An answer that was under way when it was stopped comes now; whoever asked for that has heard another since.
      const answered = new Set(cable.answersTo(frozenMs).map(({ mac }) => mac))
      assert.ok(answered.has(macOf(number)))
      assert.ok(!answered.has(macOf(1)), storyOf(speakers))
    }),
  )
})
