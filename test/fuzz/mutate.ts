/** Bytes made a little, or a good deal, wrong; by a seeded chance. */
import type { Random } from '../../src/core/random.ts'
import { concat } from '../../src/core/wire/memberlist/bytes.ts'
import { compress } from '../../src/core/wire/memberlist/compress.ts'
import { TYPE } from '../../src/core/wire/memberlist/messages.ts'
import { compound } from '../../src/core/wire/memberlist/packet.ts'

export const below = (random: Random, n: number): number => Math.floor(random() * n)
export function pick<T>(random: Random, from: readonly T[]): T {
  const one = from[below(random, from.length)]
  if (one === undefined) throw new Error('nothing to choose from')
  return one
}
export const noise = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => below(random, 256))

/** Edges of msgpack's forms, type bytes, and of everything. */
const TELLING = [
  ...[
    0x00, 0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc4, 0xc6, 0xca, 0xcf, 0xd3,
  ],
  ...[0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xff],
  ...Object.values(TYPE),
]
/** Lengths and counts that lie. */
const LENGTHS = [
  0, 1, 0x7f, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
]

/** Small ones that unfold to much: messages of one type byte all through, and a bomb in a bomb. */
const BOMBS: readonly Uint8Array[] = [
  ...[1000, 100_000, 1_000_000].map((size) => compress(new Uint8Array(size))),
  compress(new Uint8Array(600_000).fill(TYPE.pushPull)),
  compress(compress(new Uint8Array(500_000).fill(TYPE.user))),
  compress(compound(Array.from({ length: 255 }, () => compress(new Uint8Array(20_000))))),
]

type Mutation = (random: Random, bytes: Uint8Array) => Uint8Array

function overwrite(bytes: Uint8Array, at: number, by: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy.set(by.subarray(0, Math.max(0, copy.length - at)), Math.min(at, copy.length))
  return copy
}

function slice(random: Random, bytes: Uint8Array): { from: number; to: number } {
  const from = below(random, bytes.length + 1)
  return { from, to: from + below(random, bytes.length - from + 1) }
}

/** Deeper and deeper: maps in maps of a key that nobody knows, or messages in messages. */
function nested(random: Random, bytes: Uint8Array): Uint8Array {
  const depth = below(random, 200)
  if (random() < 0.5) {
    const inner = Uint8Array.from({ length: depth }, () =>
      pick(random, [0x81, 0x91, 0xdf, 0xdd, 0x8f]),
    )
    return concat(bytes.subarray(0, 1), Uint8Array.of(0x82, 0xa1, 0x58), inner, bytes.subarray(1))
  }
  let deep = bytes
  for (let i = 0; i < depth % 12 && deep.length < 4000; i++) {
    deep = random() < 0.5 ? compress(deep) : compound([deep, deep])
  }
  return deep
}

export function withFlippedBit(random: Random, bytes: Uint8Array): Uint8Array {
  const at = below(random, bytes.length)
  return overwrite(bytes, at, Uint8Array.of((bytes[at] ?? 0) ^ (1 << below(random, 8))))
}

const MUTATIONS: readonly Mutation[] = [
  withFlippedBit,
  function tellingByte(random, bytes) {
    return overwrite(bytes, below(random, bytes.length), Uint8Array.of(pick(random, TELLING)))
  },
  function truncated(random, bytes) {
    return bytes.slice(0, below(random, bytes.length + 1))
  },
  function extended(random, bytes) {
    return concat(bytes, noise(random, below(random, 64)))
  },
  function sliceTwice(random, bytes) {
    const { from, to } = slice(random, bytes)
    return concat(bytes.subarray(0, to), bytes.subarray(from))
  },
  function sliceGone(random, bytes) {
    const { from, to } = slice(random, bytes)
    return concat(bytes.subarray(0, from), bytes.subarray(to))
  },
  function noiseInside(random, bytes) {
    return overwrite(bytes, below(random, bytes.length), noise(random, below(random, 16)))
  },
  function lyingLength(random, bytes) {
    const length = pick(random, LENGTHS)
    const field = Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length)
    return overwrite(bytes, below(random, bytes.length), field.subarray(pick(random, [0, 2, 3])))
  },
  function rawOfAnotherLength(random, bytes) {
    const leads = [...bytes.keys()].filter((i) => (bytes[i] ?? 0) >> 5 === 5)
    const at = leads.length > 0 ? pick(random, leads) : 0
    return overwrite(bytes, at, Uint8Array.of(0xa0 | below(random, 32)))
  },
  nested,
  function bomb(random) {
    return pick(random, BOMBS)
  },
  function compressed(_, bytes) {
    return compress(bytes)
  },
]

/** `bytes` after up to four mutations; as it is, as often as not, or hardly anything would be heeded. */
export function mutated(random: Random, bytes: Uint8Array): Uint8Array {
  let out = bytes
  for (let i = below(random, 9) - 4; i > 0; i--) {
    // One in ten of those that are large: the others tell more for the same time.
    const mutation = pick(random, random() < 0.9 ? MUTATIONS.slice(0, -3) : MUTATIONS)
    out = mutation(random, out)
  }
  return out
}
