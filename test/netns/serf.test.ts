/**
 * Membership with a peer that is not ours: Debian's serf, which is hashicorp/memberlist with a shell
 * around it. On loopback addresses of their own.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { aesGcm, nonce } from '../../src/adapters/aes-gcm.ts'
import { systemClock } from '../../src/adapters/clock.ts'
import { LAN } from '../../src/core/gossip/profiles.ts'
import { GossipShell } from '../../src/speaker/gossip-shell.ts'
import { MemoryLog } from '../contract/memory-log.ts'
import { run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import { SUBNET } from './gossip-cluster.ts'

const PORT = 17946
const OURS = `${SUBNET}.1`
/** serf has a protocol of its own on top, and takes nobody into its clusters who does not name it. */
const SERF_VSN = Uint8Array.of(1, 5, 2, 2, 5, 4)
const KEY = Buffer.from('0123456789abcdef0123456789abcdef')

interface Serf {
  readonly process: ChildProcess
  /** `alive`, `left`, `failed` as serf sees our node; undefined: not at all. */
  seesUs(): Promise<string | undefined>
  join(address: string): Promise<void>
  stop(signal: NodeJS.Signals): Promise<void>
}

async function startSerf(host: number, key: Uint8Array | undefined): Promise<Serf> {
  const address = `${SUBNET}.${host}`
  const rpc = `${address}:17373`
  const argv = ['agent', `-node=serf${host}`, `-bind=${address}:${PORT}`, `-rpc-addr=${rpc}`]
  if (key) argv.push(`-encrypt=${Buffer.from(key).toString('base64')}`)
  const process = spawn('serf', argv, { stdio: 'ignore' })
  const ask = (command: string, ...args: string[]) =>
    run(['serf', command, `-rpc-addr=${rpc}`, ...args])
  await until('serf to answer', async () => (await ask('members')).code === 0)
  return {
    process,
    async seesUs() {
      const { stdout } = await ask('members')
      return /^ours\s+\S+\s+(\w+)/m.exec(stdout)?.[1]
    },
    async join(to) {
      const { code, stdout, stderr } = await ask('join', `${to}:${PORT}`)
      assert.equal(code, 0, stdout + stderr)
    },
    async stop(signal) {
      if (process.exitCode !== null || process.signalCode !== null) return
      process.kill(signal)
      await once(process, 'exit')
    },
  }
}

async function startOurs(key: Uint8Array | undefined) {
  const security = { label: new Uint8Array(), keys: key ? [key] : [], cipher: aesGcm, nonce }
  const where = { name: 'ours', bindAddress: OURS, bindPort: PORT }
  const options = { ...where, profile: LAN, security, vsn: SERF_VSN }
  const shell = await GossipShell.open(options, systemClock, new MemoryLog(), Math.random, {
    changed: () => undefined,
  })
  return { shell, state: (name: string) => shell.node.members.get(name)?.state }
}

for (const [how, key] of [
  ['in the clear', undefined],
  ['encrypted', KEY],
] as const) {
  test(`netns/serf: ${how}, we join, it is killed, we see it die; another joins us and we leave`, async () => {
    const ours = await startOurs(key)
    const [first, second] = await Promise.all([startSerf(2, key), startSerf(3, key)])
    try {
      assert.equal(await ours.shell.join(`${SUBNET}.2`, PORT), true)
      await until('both to see each other', async () => {
        return ours.state('serf2') === 'alive' && (await first.seesUs()) === 'alive'
      })
      await second.join(OURS)
      await until('the third to be known to all', async () => {
        return ours.state('serf3') === 'alive' && (await second.seesUs()) === 'alive'
      })
      await first.stop('SIGKILL')
      await until('the killed one to be dead to us', () => ours.state('serf2') === 'dead')
      assert.equal(ours.state('serf3'), 'alive')
      assert.equal(await second.seesUs(), 'alive')
      ours.shell.leave()
      // serf calls a leave that its own layer has not announced a failure; but it knows at once.
      const gone = async () => ['left', 'failed'].includes((await second.seesUs()) ?? '')
      await until('our leave to be known', gone, { timeoutMs: 2000, everyMs: 50 })
    } finally {
      ours.shell.close()
      await first.stop('SIGKILL')
      await second.stop('SIGKILL')
    }
  })
}

test('netns/serf: another key keeps strangers out', async () => {
  const ours = await startOurs(KEY)
  const serf = await startSerf(4, Buffer.from('another key of thirty-two bytes!'))
  try {
    assert.equal(await ours.shell.join(`${SUBNET}.4`, PORT), false)
    assert.equal(ours.state('serf4'), undefined)
  } finally {
    ours.shell.close()
    await serf.stop('SIGKILL')
  }
})
