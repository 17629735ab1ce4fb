/** What tests of simulated clusters share: seeds, a cluster that knows itself, agreement. */
import assert from 'node:assert/strict'
import { relative } from 'node:path'
import { test } from 'node:test'
import { pushPullMs, suspicionMinMs } from '../../src/core/gossip/formulas.ts'
import { LAN } from '../../src/core/gossip/profiles.ts'
import { JOINER_MS, Network } from './network.ts'
import type { Detects } from './network.ts'

/** `make soak`, which takes its time; `make test` has the same in short. */
export const WHOLE = process.env['BELLWETHER_SOAK'] === '1'

const given = process.env['SEED']
const fresh = Number(given ?? Math.floor(Math.random() * 2 ** 31))
const fixed = WHOLE ? [1, 7, 71] : [1]
/** Fixed ones and a fresh one; with SEED set, that one alone. */
export const SEEDS: readonly number[] = given === undefined ? [...fixed, fresh] : [fresh]

const SOAK = WHOLE ? 'BELLWETHER_SOAK=1 ' : ''

/** A test on each seed; a failure says how to have it again. */
export function simulate(title: string, work: (seed: number) => void, seeds = SEEDS): void {
  for (const seed of seeds) {
    test(`gossip/${title} seed=${seed}`, () => {
      try {
        work(seed)
      } catch (error) {
        const file = relative(process.cwd(), process.argv[1] ?? '')
        console.error(
          `again: ${SOAK}SEED=${seed} node test/run.ts ${file} --only 'gossip/${title}'`,
        )
        throw error
      }
    })
  }
}

/** A cluster of `count` that knows itself. */
export function cluster(
  seed: number,
  count: number,
  detection?: Detects,
  returnDelayMs?: number,
): Network {
  const network = new Network(seed, count, LAN, detection, returnDelayMs)
  network.host('w1').node.arrived(network.now)
  for (let i = 2; i <= count; i++) network.join(`w${i}`, 'w1')
  const took = network.run(joinedMs(count), () => allAlive(network))
  assert.notEqual(took, undefined, disagreement(network))
  return network
}

/**
 * Once all have joined, all know all within this. Each piece of news is sent by each member so often that
 * one in e^12 of 500 does not get it: with that many pieces for that many members that is to be expected
 * once or twice in each cluster, and is made up for by the next push/pull.
 */
const joinedMs = (n: number): number => 60_000 + pushPullMs(LAN.pushPullIntervalMs, n)

/**
 * Once faults stop, all agree within this: a round of joins reaches whoever was lost, the longest
 * suspicion ends one way or the other, and a push/pull brings what gossip missed.
 */
export function settledMs(n: number): number {
  const { suspicionMult, suspicionMaxTimeoutMult, probeIntervalMs, pushPullIntervalMs } = LAN
  const suspicionMs = suspicionMaxTimeoutMult * suspicionMinMs(suspicionMult, n, probeIntervalMs)
  return JOINER_MS + suspicionMs + pushPullMs(pushPullIntervalMs, n)
}

/** True if each host that is up, but for the named, believes this of each of them. */
export const othersSee = (network: Network, state: string, ...names: readonly string[]): boolean =>
  network.hosts.every(
    ({ up, name, node }) =>
      !up ||
      names.includes(name) ||
      names.every((other) => node.members.get(other)?.state === state),
  )

/** All are up, and each believes so of each, with the same incarnation. */
export const allAlive = (network: Network): boolean =>
  network.hosts.every(
    ({ up, node: { members } }) =>
      up &&
      network.hosts.every(({ name, node }) => {
        const seen = members.get(name)
        return seen?.state === 'alive' && seen.incarnation === node.members.get(name)?.incarnation
      }),
  )

/** What each sees that is not a member alive, for the message of a failure. */
export const disagreement = (network: Network): string =>
  network.hosts
    .map(({ name, up }) => {
      const odd = Object.entries(network.view(name)).filter(([, state]) => state !== 'alive')
      const count = network.host(name).node.members.size
      return `${name}${up ? '' : ' (not up)'} knows ${count}, ${JSON.stringify(Object.fromEntries(odd))}`
    })
    .join('\n')
