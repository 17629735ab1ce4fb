/** Somebody says in a speaker's name that it has taken an address: believed of the speaker's own address only. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { encodeHandover } from '../../src/core/wire/handover.ts'
import { encodeMessage } from '../../src/core/wire/memberlist/messages.ts'
import { ensureLabPackages } from '../lab/packages.ts'
import { must } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import { give } from './second-cable.ts'
import { withSpeakers, withStranger } from './speakers.ts'
import type { Speaker } from './speakers.ts'

const VIP = '10.78.0.9'
const STRANGER = '10.79.0.100'
const SEND = `
  const [address, hex] = process.argv.slice(1)
  const socket = require('node:dgram').createSocket('udp4')
  socket.send(Buffer.from(hex, 'hex'), 7946, address, () => socket.close())`

before(ensureLabPackages)

/** Says from that namespace, to the owner, that the other has taken the address. */
async function forge(netns: string, owner: Speaker, other: Speaker): Promise<void> {
  const word = { kind: 'taken', from: other.name, seq: 2 ** 47, ips: [VIP] } as const
  const [payload = new Uint8Array()] = encodeHandover(word)
  const hex = Buffer.from(encodeMessage({ kind: 'user', payload })).toString('hex')
  await must(['ip', 'netns', 'exec', netns, process.execPath, '-e', SEND, owner.address, hex])
}

const holding = ({ heard }: Speaker) => {
  const last = heard.findLast((message) => message.kind === 'owners')
  return last?.kind === 'owners' ? last.owners[0]?.holding : undefined
}

test("netns/forged-word: another's word in a speaker's name is dropped, and counted", async () => {
  const two = [1, 2].map(() => ({ family: 4, firewall: false }) as const)
  await withSpeakers(two, ([owner, other]) =>
    withStranger(9, STRANGER, async (netns) => {
      assert.ok(owner && other)
      give([owner, other], VIP, ['eth0'])
      await until('it to be held', () => holding(owner) === 'mine')
      await forge(netns, owner, other)
      const dropped = async () => (await owner.view()).counters.dropped['notFromMember'] ?? 0
      await until('the word to be dropped', async () => (await dropped()) === 1)
      assert.equal(holding(owner), 'mine')
      // The same from where that speaker is: so it was this that was wrong with it.
      await forge(other.netns, owner, other)
      await until('it to be believed', () => holding(owner) === 'yielded')
      assert.equal(await dropped(), 1)
    }),
  )
})
