/**
 * Whatever a network may bring: datagrams and streams at random, and right ones gone wrong, in clear
 * and properly sealed. Nothing throws, nothing stalls, and what a member keeps is bounded.
 *
 * FUZZ_RUNS: inputs for each wrapping (unit tests: few; `make soak`: many). SEED: the same again.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { below, mutated, noise } from '../../../../test/fuzz/mutate.ts'
import { Rig } from '../../../../test/fuzz/rig.ts'
import { CLEAR, SECURITIES, datagram, stream } from '../../../../test/fuzz/samples.ts'
import { seeded } from '../../../../test/sim/seeded.ts'
import type { Random } from '../../random.ts'
import { compress } from './compress.ts'
import { encodeMessage } from './messages.ts'
import type { Message } from './messages.ts'
import { compound, decodePacket } from './packet.ts'
import { decodeStream } from './stream.ts'
import { VSN } from './version.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 600)
const given = process.env['SEED']
const fresh = Number(given ?? Math.floor(Math.random() * 2 ** 31))
const SEEDS = given === undefined ? [1, fresh] : [fresh]
/** A member lives for so many inputs: later, most of them are old news to it. */
const LIFE = 300

function fuzz(title: string, work: (seed: number) => void): void {
  for (const seed of SEEDS) {
    test(`memberlist/fuzz: ${title} seed=${seed}`, () => {
      try {
        work(seed)
      } catch (error) {
        const file = 'src/core/wire/memberlist/fuzz.test.ts'
        console.error(
          `again: SEED=${seed} FUZZ_RUNS=${RUNS} node test/run.ts ${file} --only '${title}'`,
        )
        throw error
      }
    })
  }
}

for (const security of SECURITIES) {
  const { label, keys, verifyIncoming } = security
  const form = [
    keys.length > 0 ? 'sealed' : 'in clear',
    ...(label.length > 0 ? ['labelled'] : []),
    ...(verifyIncoming === false ? ['clear ones taken too'] : []),
  ].join(', ')

  fuzz(`decoders, ${form}: a value or a reason`, (seed) => {
    const random = seeded(seed)
    let values = 0
    for (let i = 0; i < RUNS; i++) {
      const plain = random() < 0.1 ? noise(random, below(random, 300)) : undefined
      values += decodePacket(plain ?? datagram(random, security), security).messages.length
      for (const side of ['dialer', 'acceptor'] as const) {
        const bytes = plain ?? stream(random, side, security)
        values += Number(decodeStream(bytes, side, security).ok)
      }
    }
    assert.ok(values > RUNS, `only ${values} values: nothing gets in any more`)
  })

  fuzz(`a member, ${form}: lives on, and keeps little`, (seed) => {
    let effects = 0
    for (let life = 0; life * LIFE < RUNS; life++) {
      const rig = new Rig(seed + life, security)
      for (let i = 0; i < LIFE; i++) rig.step()
      effects += rig.effects
    }
    assert.ok(effects > RUNS, `only ${effects} effects: nothing gets in any more`)
  })
}

const SOURCE = { sourceAddr: Uint8Array.of(10, 9, 9, 9), sourceNode: 'x', sourcePort: 7946 }
const alive = (node: string, incarnation: number): Message => ({
  ...{ kind: 'alive', node, incarnation, addr: Uint8Array.of(10, 0, 0, 1), port: 7946 },
  ...{ meta: Uint8Array.of(0x62, 0x77, 1), vsn: VSN },
})
/** Each is right, and comes too often: what is kept of it must not grow with it. */
const FLOODS: readonly [what: string, kept: number, one: (i: number, random: Random) => Message][] =
  [
    ['names never heard of', 31_000, (i) => alive(`m${i}`, 1)],
    [
      'a member that comes and goes',
      40,
      (i) => (i % 2 === 0 ? alive('m', i) : { kind: 'dead', node: 'm', from: 'x', incarnation: i }),
    ],
    [
      'accusers of one member',
      40,
      (i) =>
        i === 0 ? alive('m', 0) : { kind: 'suspect', node: 'm', from: `a${i}`, incarnation: 0 },
    ],
    [
      'accusers of ourselves',
      40,
      (i) => ({ kind: 'suspect', node: 'n0', from: `a${i}`, incarnation: i }),
    ],
    [
      'probes to be relayed',
      4000,
      (i) => ({
        ...{ kind: 'indirectPing', nack: true, node: 'm', port: 7946, seqNo: i },
        ...{ target: Uint8Array.of(10, 0, 0, 1), ...SOURCE },
      }),
    ],
    [
      'answers that nobody asked for',
      40,
      (_, random) => ({
        ...{ kind: 'ackResp', payload: new Uint8Array(), seqNo: below(random, 2 ** 32) },
      }),
    ],
  ]
for (const [what, most, one] of FLOODS) {
  fuzz(`flood: 20000 of ${what} leave at most ${most} things`, (seed) => {
    const rig = new Rig(seed, CLEAR)
    for (let i = 0; i < 20_000; i += 50) {
      const messages = Array.from({ length: 50 }, (_, j) => encodeMessage(one(i + j, rig.random)))
      rig.datagram(compound(messages))
      if (i % 1000 === 0) rig.pass(1)
    }
    const kept = Object.values(rig.load).reduce((sum, count) => sum + count)
    assert.ok(kept <= most, `${kept}: ${JSON.stringify(rig.load)}`)
  })
}

fuzz('a truncated stream is asked for more, or has its reason, whatever the length', (seed) => {
  const random = seeded(seed)
  for (let i = 0; i < 20; i++) {
    const whole = stream(random, 'dialer', CLEAR)
    for (let end = 0; end <= Math.min(whole.length, 500); end++) {
      decodeStream(whole.subarray(0, end), 'dialer', CLEAR)
    }
  }
})

fuzz('the same datagram mutated over and over is never worse than its size', (seed) => {
  const rig = new Rig(seed, CLEAR)
  let bytes: Uint8Array = compress(compound([encodeMessage(alive('m', 1))]))
  for (let i = 0; i < RUNS; i++) {
    const next = mutated(rig.random, bytes)
    if (next.length > 0 && next.length < 2000) bytes = next
    rig.datagram(bytes)
  }
})

/** Each costs a moment of a member's life, with all that it sends in it. */
const MUTATED = Math.max(20_000, RUNS)
test(`memberlist/fuzz: ${MUTATED} mutated datagrams leave the heap as it was`, () => {
  const child = fileURLToPath(new URL('../../../../test/fuzz/memory.ts', import.meta.url))
  const argv = ['--expose-gc', child, String(fresh), String(MUTATED)]
  const grown = Number(execFileSync(process.execPath, argv, { encoding: 'utf8' }))
  assert.ok(grown < 8 * 2 ** 20, `the heap grew by ${grown} bytes; SEED=${fresh}`)
})
