/** A flood takes neither the answers nor the words of other threads from the packet thread. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { ensureLabPackages } from '../lab/packages.ts'
import { run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import {
  NODE_MAC,
  PEER,
  PacketHost,
  createNamespaces,
  indexAtPeer,
  inside,
  removeNamespaces,
  script,
} from './packet-node.ts'

const V4 = '10.77.0.9'
const V6 = 'fd77::9'
const LATER = 'fd77::a'
/** More than it sends while a test runs. */
const FRAMES = '1000000000'

before(async () => {
  await ensureLabPackages()
  await createNamespaces()
})
after(removeNamespaces)

/** How many frames were dropped so far. */
async function dropped(host: PacketHost): Promise<number> {
  const { drops } = await host.counters()
  return Object.values(drops).reduce((sum, n) => sum + n, 0)
}

/** Starts a thread that announces both addresses, floods it, and lets `work` go on meanwhile. */
async function flooded(
  flags: readonly string[],
  work: (host: PacketHost) => Promise<void>,
): Promise<void> {
  const host = new PacketHost()
  await host.heard('interfaces', ({ names }) => names.includes('eth0'))
  await host.announce([V4, V6])
  const argv = [process.execPath, script('packet-flood'), await indexAtPeer(), FRAMES, ...flags]
  const [file = '', ...args] = inside(PEER, ...argv)
  const flood = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    await until('the flood', async () => (await dropped(host)) > 10_000)
    await work(host)
    assert.equal(flood.exitCode, null, 'the flood was over')
  } finally {
    flood.kill()
    await once(flood, 'exit')
    await host.stop()
  }
}

test('netns/load: while a flood without a bound goes on requests are answered, and a new address is taken in', () =>
  flooded(['both'], async (host) => {
    await host.announce([V4, LATER])
    await host.heard('announced', ({ ips }) => ips.includes(LATER))
    const asking = inside(PEER, 'arping', '-c', '3', '-w', '5', '-i', 'eth0', V4)
    assert.match((await run(asking)).stdout, new RegExp(`from ${NODE_MAC}`))
  }))

/** Each asks once, and waits for the answer. */
const QUESTIONS = {
  [V4]: ['arping', '-c', '1', '-C', '1', '-W', '5', '-i', 'eth0', V4],
  [V6]: ['ndisc6', '-1', '-r', '1', '-w', '5000', V6, 'eth0'],
}

for (const [flood, what] of [
  ['arp', 'ARP frames'],
  ['nd', 'neighbour solicitations'],
] as const) {
  for (const [ip, question] of Object.entries(QUESTIONS)) {
    test(`netns/load: of 20,000 ${what} a second none keeps ${ip} from being answered`, (t) =>
      flooded([flood, '40000'], async (host) => {
        const before = await dropped(host)
        let asked = 0
        // For as long as a flood of two seconds takes to come by.
        while ((await dropped(host)) < before + 40_000) {
          asked++
          const { stdout } = await run(inside(PEER, ...question))
          assert.ok(stdout.toLowerCase().includes(NODE_MAC), `question ${asked}: ${stdout}`)
        }
        t.diagnostic(`${asked} questions answered`)
        assert.ok(asked > 0)
      }))
  }
}
