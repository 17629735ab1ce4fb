/** A stranger floods a speaker's port of gossip: members stay, one that comes is taken in, memory has a bound. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { STEADY } from '../../src/core/gossip/detection.ts'
import { ensureLabPackages } from '../lab/packages.ts'
import { must } from '../lab/processes.ts'
import { Stolen } from '../lab/stolen.ts'
import { until } from '../lab/until.ts'
import { script } from './packet-node.ts'
import { storyOf, withNewcomer, withSpeakers, withStranger } from './speakers.ts'
import type { Speaker } from './speakers.ts'

const STRANGER = '10.79.0.100'
/** Of the same host: each floods by connections of one kind. */
const FROM = ['10.79.0.101', '10.79.0.102', '10.79.0.103']
const PER_SECOND = 20_000
/** Until so many have been read, where the machine has other work, too. */
const DATAGRAMS = PER_SECOND
/**
 * By which memory may grow. Held for requests are 40 MiB (docs/wire-limits.md); the rest has been let go and is
 * not collected yet. Without a bound it would be 320 MiB that are held.
 */
const MOST_MIB = 256

/** A verdict is of what was heard for so long. */
const JUDGED_MS = 2 * STEADY.goneMs

const CONNECTIONS = ['tooManyConnections', 'requestTooSlow', 'tooManyBytes'] as const

const stolen = new Stolen()

before(ensureLabPackages)
after(() => stolen.stop())

for (const [what, key, reasons] of [
  ['in clear', undefined, ['unknownMessage', 'truncated', ...CONNECTIONS]],
  [
    'sealed',
    'ab'.repeat(32),
    ['cannotDecrypt', 'encryptionVersion', 'notEncrypted', ...CONNECTIONS],
  ],
] as const) {
  test(`netns/gossip-flood: garbage and connections without end, where gossip is ${what}: nobody dies`, async (t) => {
    const options = { family: 4, firewall: false, ...(key !== undefined && { key }) } as const
    const three = [1, 2, 3].map(() => options)
    await withSpeakers(three, (speakers) =>
      withStranger(9, STRANGER, async (netns) => {
        const [target] = speakers
        assert.ok(target)
        for (const ip of FROM)
          await must(['ip', '-n', netns, 'addr', 'add', `${ip}/24`, 'dev', 'eth0'])
        const calm = target.mostMemory()
        const argv = [process.execPath, script('gossip-flood'), target.address, `${PER_SECOND}`]
        argv.push(`${key !== undefined}`, ...FROM)
        const flood = spawn('ip', ['netns', 'exec', netns, ...argv], {
          stdio: ['ignore', 'ignore', 'inherit'],
        })
        try {
          await until('the flood to be felt', () => hasDropped(target, reasons))
          await withNewcomer(4, options, async (newcomer) => {
            newcomer.tell({ kind: 'join', addresses: [target.address] })
            await until('all to know the newcomer', () =>
              [...speakers, newcomer].every(({ members }) => members.length === 4),
            )
          })
          assert.equal(flood.exitCode, null, 'the flood was over')
        } finally {
          flood.kill()
          await once(flood, 'exit')
        }
        const { counters } = await target.view()
        const grownMiB = target.mostMemory() - calm
        t.diagnostic(
          `${JSON.stringify(counters.dropped)}, ${counters.datagrams.received} datagrams`,
        )
        t.diagnostic(`memory grew by ${grownMiB.toFixed(0)} MiB at most`)
        assert.ok(grownMiB < MOST_MIB, `${grownMiB} MiB`)
        const names = speakers.map(({ name }) => name)
        const losses = speakers
          .flatMap(({ lost }) => lost)
          .filter(({ name }) => names.includes(name))
        for (const { name, at } of losses) {
          const ms = stolen.mostMs(at - JUDGED_MS, at)
          assert.ok(ms >= STEADY.goneMs / 2, `${name} was lost\n${storyOf(speakers)}`)
          t.diagnostic(`${name} was lost when a processor had been taken away for ${ms} ms`)
        }
      }),
    )
  })
}

/** For each of these reasons, and as many datagrams as it is to be. */
async function hasDropped(speaker: Speaker, reasons: readonly string[]): Promise<boolean> {
  const { dropped, datagrams } = (await speaker.view()).counters
  const missing = reasons.filter((reason) => !Object.hasOwn(dropped, reason))
  if (missing.length > 0) throw new Error(`nothing dropped as ${missing.join()}`)
  return datagrams.received >= DATAGRAMS
}
