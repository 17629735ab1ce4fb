/** Many addresses at once, and one for long: how fast they are announced, and how often. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { IDENTIFY_MS } from '../../src/core/announce/rivals.ts'
import { lateness } from '../lab/lateness.ts'
import { ensureLabPackages } from '../lab/packages.ts'
import { must, run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import type { HostOptions } from './packet-host.ts'
import {
  PEER,
  PacketHost,
  captureAtPeer,
  createNamespaces,
  indexAtPeer,
  inside,
  isAnswered,
  removeNamespaces,
  script,
} from './packet-node.ts'

const MANY = Array.from({ length: 1000 }, (_, i) => `10.78.${i >> 8}.${i & 255}`)
const LAST = MANY.at(-1) ?? ''

let host: PacketHost

async function start(announce: NonNullable<HostOptions['announce']>): Promise<void> {
  host = new PacketHost({ announce })
  await host.heard('interfaces', ({ names }) => names.includes('eth0'))
}

before(ensureLabPackages)
beforeEach(createNamespaces)
afterEach(() => host.stop())
after(removeNamespaces)

const packets = async (of?: string) => {
  const { vips } = await host.counters()
  return vips
    .filter(({ ip }) => of === undefined || ip === of)
    .reduce((sum, { gratuitousSent }) => sum + gratuitousSent, 0)
}

for (const [what, ips, frames] of [
  ['a new address', [LAST], 3],
  // Far more than leave before one is announced.
  ['the first of a thousand new addresses', MANY, 1500],
] as const) {
  test(`netns/announcing: ${what} is announced within 200 ms after the first probe`, async (t) => {
    await start({ packetsPerSecond: 5000 })
    const late = lateness()
    const seen = await captureAtPeer(frames, 'arp', () => host.announce(ips, { first: ips }))
    const when = (asker: RegExp) => {
      const line = seen.split('\n').find((line) => asker.test(line))
      return Number(line?.split(' ')[0]) * 1000
    }
    const tookMs = when(/who-has (\S+) .*tell \1,/) - when(/tell 0\.0\.0\.0,/)
    t.diagnostic(`${tookMs.toFixed(1)} ms`)
    assert.ok(tookMs >= IDENTIFY_MS && tookMs <= 200 + late(), seen)
  })
}

test('netns/announcing: a thousand at once leave at the pace that is set', async () => {
  await start({ packetsPerSecond: 400 })
  const started = performance.now()
  await host.announce(MANY)
  for (let look = 0; look < 4; look++) {
    const sent = await until(
      'more packets',
      async () => {
        const sent = await packets()
        return sent >= 100 * (look + 1) && sent
      },
      { everyMs: 20 },
    )
    const most = 64 + 2 + ((performance.now() - started) * 400) / 1000
    assert.ok(sent <= most, `${sent} packets, not more than ${most}`)
  }
})

test('netns/announcing: what a neighbour asks for is announced before its turn, and then answered', async () => {
  await start({ packetsPerSecond: 20 })
  await host.announce(MANY)
  await run(inside(PEER, 'arping', '-c', '1', '-w', '1', '-i', 'eth0', LAST))
  // Its turn would be in a minute.
  await host.heard('announced', ({ ips }) => ips.includes(LAST), 5000)
  assert.ok((await packets()) < 500)
  await isAnswered(LAST)
})

test('netns/announcing: without a bound all leave at once', async () => {
  await start({})
  await host.announce(MANY)
  await until('all', async () => (await packets()) >= 2 * MANY.length, {
    timeoutMs: 1000,
    everyMs: 10,
  })
})

test('netns/announcing: it is refreshed after the bursts, for as long as it is here', async () => {
  await start({ refreshMs: 1000 })
  await host.announce([LAST])
  // Five bursts of two, then three refreshes of two.
  await until('refreshes', async () => (await packets()) >= 16, { timeoutMs: 30_000, everyMs: 50 })
  const [other = ''] = MANY
  await host.announce([other])
  const sent = await packets(LAST)
  // The two bursts of another are further apart than refreshes.
  await until('two bursts', async () => (await packets(other)) >= 4)
  assert.equal(await packets(LAST), sent)
})

test('netns/announcing: what finds no room while the process is stopped is counted', async () => {
  await start({})
  await host.announce([LAST])
  await host.heard('announced', ({ ips }) => ips.includes(LAST))
  host.signal('SIGSTOP')
  const flood = inside(PEER, process.execPath, script('packet-flood'), await indexAtPeer(), '20000')
  await must(flood)
  host.signal('SIGCONT')
  const { drops } = await host.counters()
  assert.ok((drops['queueFull'] ?? 0) > 1000, JSON.stringify(drops))
  await isAnswered(LAST)
})
