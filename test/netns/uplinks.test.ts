/** Nodes with two cables: one for gossip, one for an address. The second is cut. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { before, test } from 'node:test'
import type { Candidacy } from '../../src/core/election/candidacy.ts'
import { parseArpEvents } from '../lab/arp-timeline.ts'
import { ensureLabPackages } from '../lab/packages.ts'
import { must, run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import { withSpeakers } from './speakers.ts'
import type { Speaker } from './speakers.ts'

const SWITCH = `bwu-switch-${process.pid}`
const CLIENT = `bwu-client-${process.pid}`
const WATCH = fileURLToPath(new URL('../bench/arp-watch.ts', import.meta.url))
const VIP = '10.78.0.9'
const macOf = (number: number) => `02:00:00:00:78:0${number}`

before(ensureLabPackages)

/** A switch of its own with a client and, as eth1, each of the speakers. */
async function cable(speakers: readonly Speaker[]): Promise<void> {
  for (const name of [SWITCH, CLIENT]) await must(['ip', 'netns', 'add', name])
  await must(['ip', '-n', SWITCH, 'link', 'add', 'br1', 'type', 'bridge'])
  await must(['ip', '-n', SWITCH, 'link', 'set', 'br1', 'up'])
  const hosts = [CLIENT, ...speakers.map(({ netns }) => netns)]
  for (const [i, netns] of hosts.entries()) {
    const end = ['peer', 'name', 'eth1', 'netns', netns]
    await must(['ip', '-n', SWITCH, 'link', 'add', `port${i}`, 'type', 'veth', ...end])
    await must(['ip', '-n', SWITCH, 'link', 'set', `port${i}`, 'master', 'br1', 'up'])
    await must(['ip', '-n', netns, 'link', 'set', 'eth1', 'address', macOf(i), 'up'])
  }
}

const port = (number: number, how: 'up' | 'down') =>
  must(['ip', '-n', SWITCH, 'link', 'set', `port${number}`, how])

const nowMs = () => performance.timeOrigin + performance.now()

for (const [what, interfaces] of [
  ['the only listed interface', ['eth1']],
  ['one of two listed interfaces, the other of which is not there,', ['eth1', 'eth9']],
] as const) {
  test(`netns/uplinks: ${what} loses its carrier: another node takes over at once, and all live`, async (t) => {
    const two = [1, 2].map(() => ({ family: 4, firewall: false }) as const)
    let watch: ReturnType<typeof spawn> | undefined
    try {
      await withSpeakers(two, async (speakers) => {
        await cable(speakers)
        const names = speakers.map(({ name }) => name)
        const [home = ''] = names
        const candidacy: Candidacy = {
          service: 'default/nginx',
          ip: VIP,
          order: names,
          interfaces,
          uplinks: Object.fromEntries(names.map((name) => [name, interfaces])),
          seat: { group: VIP, home },
        }
        for (const speaker of speakers) {
          speaker.tell({ kind: 'candidacies', candidacies: [candidacy] })
        }
        const argv = ['netns', 'exec', CLIENT, process.execPath, WATCH, 'eth1', VIP]
        const child = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'inherit'] })
        watch = child
        let lines = ''
        child.stdout.setEncoding('utf8').on('data', (text: string) => (lines += text))
        const answers = (mac: string, sinceMs: number) =>
          until(
            `${mac} to answer`,
            () => parseArpEvents(lines).find((it) => it.mac === mac && it.atMs > sinceMs),
            { timeoutMs: 10_000, everyMs: 20 },
          )
        await answers(macOf(1), 0)

        const cutMs = nowMs()
        await port(1, 'down')
        const { atMs } = await answers(macOf(2), cutMs)
        t.diagnostic(`the other answered ${(atMs - cutMs).toFixed(1)} ms after the cut was begun`)
        assert.ok(atMs - cutMs < 500, `${atMs - cutMs} ms`)
        for (const { members } of speakers) assert.deepEqual([...members].sort(), names)

        const mendedMs = nowMs()
        await port(1, 'up')
        const { atMs: backMs } = await answers(macOf(1), mendedMs)
        t.diagnostic(`and the first ${(backMs - mendedMs).toFixed(1)} ms after it was mended`)
        const told = speakers[0]?.logged('uplinks').map(({ fields }) => fields['eth1'])
        assert.deepEqual(told?.slice(-2), ['down', undefined])
      })
    } finally {
      if (watch?.kill()) await once(watch, 'exit')
      for (const name of [SWITCH, CLIENT]) await run(['ip', 'netns', 'del', name])
    }
  })
}
