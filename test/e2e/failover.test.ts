/** The owner goes in every way there is; the client must find the VIP again, at one node only. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { answerers, owner, pods, probe, ready, settled } from '../lab/bellwether.ts'
import type { ToldTakeover } from '../lab/bellwether.ts'
import { lateness } from '../lab/lateness.ts'
import type { Outage } from '../lab/outage.ts'
import { Takeovers } from '../lab/takeovers.ts'
import { until } from '../lab/until.ts'
import { fixture, lab } from './harness.ts'

const vips = fixture('failover', ['172.18.1.10-172.18.1.20'])

// Who came back in the test before would take what is its own while the next one looks who gave it to whom.
beforeEach(() => settled(lab))

/** Twice what the fast detector takes at worst (core/gossip/detection.ts), for a busy machine. Plain SWIM takes 5 s. */
const WORST_MS = 2000

const movedFrom = (ip: string, before: string) =>
  until(`another node than ${before} to own ${ip}`, async () => {
    const now = await owner(lab, ip)
    return now !== before && now
  })

/** `late`: for how long the machine kept all waiting. */
function assertPlausible(
  { since, takeover: { outageMs = 0 } }: ToldTakeover,
  { silentMs, lateMs }: Outage,
  late: number,
): void {
  const seen = `told of ${outageMs} ms, silent for ${silentMs} ms; late by ${late} and ${lateMs} ms`
  assert.ok(outageMs > 0 && outageMs < WORST_MS + late, seen)
  assert.ok(silentMs - lateMs < WORST_MS + late, seen)
  assert.ok(Math.abs(Date.now() - Date.parse(since)) < 60_000, since)
}

test('e2e/failover: a cut cable moves the VIP, and healing leaves one owner', async () => {
  const ip = await vips.expose('cable')
  const before = await owner(lab, ip)
  const takeovers = await Takeovers.of(lab, vips.key('cable'))
  const probing = await probe(lab, ip)
  const late = lateness()
  await lab.cut(before)
  try {
    const after = await movedFrom(ip, before)
    await probing.answered()
    const outage = await probing.stop()
    const told = await takeovers.from(before)
    assert.deepEqual([told.node, told.takeover.cause], [after, 'nodeGone'])
    assertPlausible(told, outage, late())
  } finally {
    await lab.heal(before)
  }
  await until('the owner to be the elected one again, alone', async () => {
    const hosts = await answerers(lab, ip, 5)
    return hosts.length === 1 && hosts[0] === before
  })
})

test('e2e/failover: a killed speaker comes back or is replaced', async () => {
  const ip = await vips.expose('killed')
  const before = await owner(lab, ip)
  const pod = (await pods(lab, 'speaker')).get(before)
  assert.ok(pod)
  const takeovers = await Takeovers.of(lab, vips.key('killed'))
  const probing = await probe(lab, ip)
  const late = lateness()
  await lab.killContainer(before, pod, 'speaker')
  await until('one node to answer', async () => (await answerers(lab, ip)).length === 1)
  const told = await takeovers.from(before)
  assert.equal(told.takeover.cause, 'speakerGone')
  await ready(lab)
  await probing.answered()
  assertPlausible(told, await probing.stop(), late())
  await until('a single owner at rest', async () => (await answerers(lab, ip, 5)).length === 1)
})

test('e2e/failover: a deleted speaker pod hands over without a failed connection', async () => {
  const ip = await vips.expose('rolled')
  const before = await owner(lab, ip)
  const pod = (await pods(lab, 'speaker')).get(before)
  assert.ok(pod)
  const takeovers = await Takeovers.of(lab, vips.key('rolled'))
  const probing = await probe(lab, ip)
  await lab.kubectl('-n', 'metallb-system', 'delete', 'pod', pod, '--wait=false')
  const told = await takeovers.from(before)
  assert.match(told.takeover.cause, /^(left|handover)$/)
  assert.equal(told.takeover.outageMs, 0)
  await ready(lab)
  await until('a single owner at rest', async () => (await answerers(lab, ip, 5)).length === 1)
  await probing.answered()
  const outage = await probing.stop()
  assert.equal(outage.failed, 0, JSON.stringify(outage))
})
