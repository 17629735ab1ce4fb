/**
 * What goes wrong between two speakers, each in a network namespace on a cable: one message comes, names
 * the remedy, and when it is put right another says so.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { must, run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import { script } from './packet-node.ts'

const KEY = '30313233343536373839616263646566'
const OTHER_KEY = '61616161616161616161616161616161'

interface Flags {
  readonly name?: string
  readonly peer?: string
  readonly key?: string
}

class Speaker {
  readonly #child: ChildProcess
  readonly #lines: { ready?: boolean; type?: string; reason?: string; message?: string }[] = []

  private constructor(netns: string, flags: Readonly<Record<string, string>>) {
    const argv = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
    const program = [process.execPath, script('diagnosis-host'), ...argv]
    const stdio = ['ignore', 'pipe', 'inherit'] as const
    this.#child = spawn('ip', ['netns', 'exec', netns, ...program], { stdio: [...stdio] })
    assert.ok(this.#child.stdout)
    createInterface(this.#child.stdout).on('line', (line) => {
      this.#lines.push(JSON.parse(line) as object)
    })
  }

  static async start(netns: string, flags: Readonly<Record<string, string>>): Promise<Speaker> {
    const speaker = new Speaker(netns, flags)
    await until('it to listen', () => speaker.#lines.some(({ ready }) => ready), { everyMs: 20 })
    return speaker
  }

  /** What was told so far, as `Warning Reason: message`. */
  get told(): string[] {
    return this.#lines.flatMap(({ type, reason, message }) =>
      type ? `${type} ${reason}: ${message}` : [],
    )
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

/** The addresses of the first and of the second speaker. */
const [A, B] = ['10.88.0.1', '10.88.0.2'] as const

/** Two namespaces on a cable, and what can be done in them. */
class Ground {
  readonly #names: readonly [string, string]
  readonly #speakers: Speaker[] = []

  constructor(index: number) {
    this.#names = [`bwdg-${process.pid}-${index}a`, `bwdg-${process.pid}-${index}b`]
  }

  async with(work: () => Promise<void>): Promise<void> {
    const [a, b] = this.#names
    try {
      for (const name of this.#names) await must(['ip', 'netns', 'add', name])
      const peer = ['peer', 'name', 'eth0', 'netns', b]
      await must(['ip', '-n', a, 'link', 'add', 'eth0', 'type', 'veth', ...peer])
      for (const [name, address] of [
        [a, A],
        [b, B],
      ] as const) {
        await must(['ip', '-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0'])
        await must(['ip', '-n', name, 'link', 'set', 'eth0', 'up'])
      }
      await work()
    } finally {
      await Promise.all(this.#speakers.map((speaker) => speaker.stop()))
      for (const name of this.#names) await run(['ip', 'netns', 'del', name])
    }
  }

  async start(which: 'a' | 'b', flags: Flags = {}): Promise<Speaker> {
    const [netns, bind, peer] = which === 'a' ? [this.#names[0], A, B] : [this.#names[1], B, A]
    const speaker = await Speaker.start(netns, {
      name: `w-${which}`,
      bind,
      peer,
      key: KEY,
      ...flags,
    })
    this.#speakers.push(speaker)
    return speaker
  }

  /** From now on the second speaker's kernel drops what comes in and matches. */
  async drop(...matches: string[]): Promise<void> {
    const rules = matches.map((match) => `${match} drop`).join('\n')
    const input = `table inet fault {
      chain in {
        type filter hook input priority 0
        ${rules}
      }
    }`
    await must(['ip', 'netns', 'exec', this.#names[1], 'nft', '-f', '-'], { input })
  }

  async heal(): Promise<void> {
    await must(['ip', 'netns', 'exec', this.#names[1], 'nft', 'flush', 'ruleset'])
  }
}

/** The first speaker has told exactly this, each line beginning so; waited for. */
async function hasTold(speaker: Speaker, ...beginnings: string[]): Promise<void> {
  const look = () => speaker.told.length >= beginnings.length
  await until(`${beginnings.at(-1)}; told: ${speaker.told.join('; ')}`, look, { everyMs: 100 })
  for (const [i, line] of speaker.told.entries()) {
    const expected = beginnings[i] ?? 'nothing more'
    assert.equal(line.slice(0, expected.length), expected)
  }
}

const SCENARIOS: readonly [
  what: string,
  reason: string,
  /** Where the message names whom it is about, and what for. */
  said: string,
  /** Returns the speaker that tells, and what puts it right. */
  fault: (ground: Ground) => Promise<[Speaker, () => Promise<unknown>]>,
][] = [
  [
    'port 7946 blocked',
    'GossipPortBlocked',
    `no TCP connection to port 7946 of peer (${B}): no answer. Allow TCP and UDP 7946`,
    async (ground) => {
      await ground.drop('tcp dport 7946', 'udp dport 7946')
      await ground.start('b')
      return [await ground.start('a'), () => ground.heal()]
    },
  ],
  [
    'only TCP open',
    'GossipUDPBlocked',
    `gossip is answered by TCP but not by UDP by peer (${B}). Allow UDP 7946`,
    async (ground) => {
      await ground.drop('udp dport 7946')
      await ground.start('b')
      return [await ground.start('a'), () => ground.heal()]
    },
  ],
  [
    'another secret',
    'GossipSecretMismatch',
    `gossip cannot be read that comes from peer (${B}): cannotDecrypt. It has another secret`,
    async (ground) => {
      const wrong = await ground.start('b', { key: OTHER_KEY })
      const right = async () => {
        await wrong.stop()
        await ground.start('b')
      }
      return [await ground.start('a'), right]
    },
  ],
  [
    'no secret at the other',
    'GossipSecretMismatch',
    `gossip cannot be read that comes from peer (${B}): notEncrypted. It has another secret, or none`,
    async (ground) => {
      const wrong = await ground.start('b', { key: '' })
      const right = async () => {
        await wrong.stop()
        await ground.start('b')
      }
      return [await ground.start('a'), right]
    },
  ],
  [
    'one name twice',
    'GossipNameConflict',
    `two addresses claim one node name: w-a: ${A} and ${B}. Typical of two clusters`,
    async (ground) => {
      // Of another cluster: our API does not name it.
      const speaker = await ground.start('a', { peer: '' })
      const stranger = await ground.start('b', { name: 'w-a' })
      return [speaker, () => stranger.stop()]
    },
  ],
  [
    'datagrams of more than 1000 bytes lost',
    'GossipMtuTooSmall',
    `datagrams of 1400 bytes get lost, small ones do not, on the way to peer (${B}). Raise the MTU`,
    async (ground) => {
      await ground.drop('meta l4proto udp ip length > 1000')
      await ground.start('b')
      return [await ground.start('a'), () => ground.heal()]
    },
  ],
]

describe('netns/diagnosis: one message, with the remedy', { concurrency: true }, () => {
  for (const [index, [what, reason, said, fault]] of SCENARIOS.entries()) {
    test(`netns/diagnosis: ${what}: told once, and when it is put right`, async () => {
      const ground = new Ground(index)
      await ground.with(async () => {
        const [speaker, repair] = await fault(ground)
        const warning = `Warning ${reason}: ${said}`
        await hasTold(speaker, warning)
        await repair()
        await hasTold(speaker, warning, `Normal ${reason}Resolved: `)
      })
    })
  }
})
