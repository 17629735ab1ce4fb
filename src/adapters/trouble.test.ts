import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryLog } from '../../test/contract/memory-log.ts'
import { FakeClock } from '../../test/fakes/clock.ts'
import { Trouble } from './trouble.ts'

test('trouble: told once, reminded of ever more seldom, and its end told once', async () => {
  const clock = new FakeClock()
  const log = new MemoryLog()
  const trouble = new Trouble(clock, log, 'away', 'back')
  trouble.over()
  assert.deepEqual(log.events(), [])
  const told: number[] = []
  for (let second = 0; second < 600; second++) {
    const before = log.lines.length
    trouble.happened({ error: 'refused' })
    if (log.lines.length > before) told.push(second)
    await clock.advance(1000)
  }
  assert.deepEqual(told, [0, 60, 180, 420])
  assert.equal(trouble.stands, true)
  trouble.over()
  trouble.over()
  assert.deepEqual(log.lines.at(-1), {
    level: 'info',
    event: 'back',
    fields: { times: 600, forMs: 600_000 },
  })
  assert.equal(log.events().filter((event) => event === 'back').length, 1)
  trouble.happened({ error: 'again' })
  assert.equal(log.events().at(-1), 'away')
})

test('trouble: of several it is over when it is over of all', () => {
  const log = new MemoryLog()
  const trouble = new Trouble(new FakeClock(), log, 'away', 'back')
  trouble.happened({}, 'a')
  trouble.happened({}, 'b')
  trouble.over('c')
  trouble.over('a')
  assert.deepEqual(log.events(), ['away'])
  trouble.happened({}, 'b')
  trouble.over('b')
  assert.deepEqual(log.events(), ['away', 'back'])
})
