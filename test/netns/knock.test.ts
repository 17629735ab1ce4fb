/** What a knock takes for a kernel's word. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ensureLabPackages } from '../lab/packages.ts'
import { must, run } from '../lab/processes.ts'

const NETNS = `bwk-${process.pid}`
const TCP = new URL('../../src/adapters/tcp.ts', import.meta.url).href
/** Only silence takes so long, and the machine may stand still for a moment. */
const LIMIT_MS = 2000

before(async () => {
  await ensureLabPackages()
  await must(['ip', 'netns', 'add', NETNS])
  for (const command of [
    'link set lo up',
    'route add unreachable 10.9.0.1',
    'route add prohibit 10.9.0.2',
  ]) {
    await must(['ip', '-n', NETNS, ...command.split(' ')])
  }
  const input = `
    add table ip firewall
    add chain ip firewall input { type filter hook input priority 0; }
    add rule ip firewall input ip daddr 127.0.0.3 drop
    add rule ip firewall input ip daddr 127.0.0.4 reject with icmp type host-prohibited`
  await must(['ip', 'netns', 'exec', NETNS, 'nft', '-f', '-'], { input })
})
after(() => run(['ip', 'netns', 'del', NETNS]))

interface Outcome {
  readonly result: unknown
  readonly ms: number
  /** Until nothing was left that keeps the process alive. */
  readonly lastedMs: number
}

/** Awaits `work` in the namespace, where `streams` listens on 127.0.0.1:7946; then all is closed. */
async function inside(work: string): Promise<Outcome> {
  const code = `
    import { openStreams } from '${TCP}'
    const streams = await openStreams('127.0.0.1', 7946, 1000, () => () => 'close')
    const to = (ip, port) => ({ ip: Uint8Array.from(ip.split('.').map(Number)), port })
    const started = performance.now()
    const result = await (${work})
    const ms = performance.now() - started
    streams.close()
    process.on('exit', () => {
      console.log(JSON.stringify({ result, ms, lastedMs: performance.now() - started }))
    })`
  const argv = [process.execPath, '--input-type=module', '-e', code]
  return JSON.parse(await must(['ip', 'netns', 'exec', NETNS, ...argv])) as Outcome
}

for (const [what, address, port, expected] of [
  ['a connection', '127.0.0.1', 7946, true],
  ['a refusal', '127.0.0.2', 7946, true],
  ['silence', '127.0.0.3', 7946, false],
  ['a prohibition, which may be of a router,', '127.0.0.4', 7946, false],
  ["its own kernel's word that the host is unreachable", '10.9.0.1', 7946, false],
  ["its own kernel's prohibition", '10.9.0.2', 7946, false],
  ['port 0', '127.0.0.1', 0, false],
] as const) {
  test(`netns/knock: ${what} is ${expected ? 'an answer' : 'none'}`, async () => {
    const { result, ms } = await inside(`streams.knock(to('${address}', ${port}), ${LIMIT_MS})`)
    assert.equal(result, expected)
    assert.ok(address === '127.0.0.3' ? ms >= LIMIT_MS - 5 : ms < LIMIT_MS, `${ms} ms`)
  })
}

test('netns/knock: closing ends those that wait, and nothing is left open', async () => {
  const { result, lastedMs } = await inside(`(() => {
    const knocks = Array.from({ length: 50 }, () => streams.knock(to('127.0.0.3', 7946), 60_000))
    setTimeout(() => streams.close(), 50)
    return Promise.all(knocks)
  })()`)
  assert.deepEqual(
    result,
    Array.from({ length: 50 }, () => false),
  )
  assert.ok(lastedMs < 5000, `${lastedMs} ms`)
})
