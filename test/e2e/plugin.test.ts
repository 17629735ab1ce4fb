/** kubectl bellwether on a real cluster: the speakers' views come by port-forward. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { owner } from '../lab/bellwether.ts'
import { passes, until } from '../lab/until.ts'
import { fixture, lab, plugin } from './harness.ts'

const vips = fixture('plugin', ['172.18.7.10-172.18.7.20'])

// Awaited: a speaker that is slow to answer for a moment is told of, rightly.

test('e2e/plugin: members shows that all speakers see each other', () =>
  passes('all to see each other', async () => {
    const { exit, out, err } = await plugin('members', '-o', 'json')
    const report = JSON.parse(out) as {
      agreed: boolean
      observers: string[]
      unseen: object[]
      members: { state: string }[]
    }
    assert.deepEqual(report.unseen, [], err)
    assert.deepEqual(report.observers, [...lab.nodes].sort())
    assert.ok(report.members.every(({ state }) => state === 'alive'))
    assert.equal(exit, 0)
  }))

test('e2e/plugin: doctor finds nothing wrong with the lab', () =>
  passes('a healthy lab to be found healthy', async () => {
    const { exit, out } = await plugin('doctor')
    assert.equal(exit, 0, out)
    assert.match(out, /ok +webhook reached/)
    assert.match(out, /ok +gossip port/)
    assert.doesNotMatch(out, /BROKEN|^\?/m)
  }))

test('e2e/plugin: drain empties a node, undrain lets it have addresses again', async () => {
  const ip = await vips.expose('drained')
  const before = await owner(lab, ip)
  const said = async () => (await plugin('pools', `e2e-plugin`)).out
  await until('the owner to be told', async () => (await said()).includes(` ${before}\n`))
  const { exit, out } = await plugin('drain', before)
  assert.equal(exit, 0, out)
  assert.notEqual(await owner(lab, ip), before)
  const undrained = await plugin('undrain', before)
  assert.equal(undrained.exit, 0, undrained.out)
})
