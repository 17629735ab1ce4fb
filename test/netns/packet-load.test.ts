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

const VIP = '10.77.0.9'
const LATER = 'fd77::9'
/** More than it sends while the test runs. */
const FRAMES = '1000000000'

before(async () => {
  await ensureLabPackages()
  await createNamespaces()
})
after(removeNamespaces)

test('netns/load: while a flood goes on requests are answered, and a new address is taken in', async () => {
  const host = new PacketHost()
  await host.heard('interfaces', ({ names }) => names.includes('eth0'))
  await host.announce([VIP])
  const argv = [process.execPath, script('packet-flood'), await indexAtPeer(), FRAMES]
  const [file = '', ...args] = inside(PEER, ...argv)
  const flood = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    await until('the flood', async () => {
      const { drops } = await host.counters()
      return Object.values(drops).reduce((sum, n) => sum + n, 0) > 10_000
    })
    await host.announce([VIP, LATER])
    await host.heard('announced', ({ ips }) => ips.includes(LATER))
    const asking = inside(PEER, 'arping', '-c', '3', '-w', '5', '-i', 'eth0', VIP)
    assert.match((await run(asking)).stdout, new RegExp(`from ${NODE_MAC}`))
    assert.equal(flood.exitCode, null, 'the flood was over')
  } finally {
    flood.kill()
    await once(flood, 'exit')
    await host.stop()
  }
})
