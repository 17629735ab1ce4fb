/** The owner goes in every way there is; the client must find the VIP again, at one node only. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { answerers, owner, pods, probe, ready, settled, takeover } from '../lab/bellwether.ts'
import type { ToldTakeover } from '../lab/bellwether.ts'
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

/** What the status tells once the Service has been taken from that node. */
const toldFrom = (service: string, before: string) =>
  until(`the status to tell how it came from ${before}`, async () => {
    const told = await takeover(lab, vips.key(service))
    return told?.takeover.from === before && told
  })

function assertPlausible({ since, takeover: { outageMs = 0 } }: ToldTakeover): void {
  assert.ok(outageMs > 0 && outageMs < WORST_MS, `an outage of ${outageMs} ms`)
  assert.ok(Math.abs(Date.now() - Date.parse(since)) < 60_000, since)
}

test('e2e/failover: a cut cable moves the VIP, and healing leaves one owner', async () => {
  const ip = await vips.expose('cable')
  const before = await owner(lab, ip)
  const probing = await probe(lab, ip)
  await lab.cut(before)
  try {
    const after = await movedFrom(ip, before)
    await probing.answered()
    const outage = await probing.stop()
    assert.ok(outage.silentMs < WORST_MS, `silent for ${outage.silentMs} ms`)
    const told = await toldFrom('cable', before)
    assert.deepEqual([told.node, told.takeover.cause], [after, 'nodeGone'])
    assertPlausible(told)
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
  const probing = await probe(lab, ip)
  await lab.killContainer(before, pod, 'speaker')
  await until('one node to answer', async () => (await answerers(lab, ip)).length === 1)
  const told = await toldFrom('killed', before)
  assert.equal(told.takeover.cause, 'speakerGone')
  assertPlausible(told)
  await ready(lab)
  await probing.answered()
  const outage = await probing.stop()
  assert.ok(outage.silentMs < WORST_MS, `silent for ${outage.silentMs} ms`)
  await until('a single owner at rest', async () => (await answerers(lab, ip, 5)).length === 1)
})

test('e2e/failover: a deleted speaker pod hands over without a failed connection', async () => {
  const ip = await vips.expose('rolled')
  const before = await owner(lab, ip)
  const pod = (await pods(lab, 'speaker')).get(before)
  assert.ok(pod)
  const probing = await probe(lab, ip)
  await lab.kubectl('-n', 'metallb-system', 'delete', 'pod', pod, '--wait=false')
  const told = await toldFrom('rolled', before)
  assert.match(told.takeover.cause, /^(left|handover)$/)
  assert.equal(told.takeover.outageMs, 0)
  await ready(lab)
  await until('a single owner at rest', async () => (await answerers(lab, ip, 5)).length === 1)
  await probing.answered()
  const outage = await probing.stop()
  assert.equal(outage.failed, 0, JSON.stringify(outage))
})
