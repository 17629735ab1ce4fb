/** Who owns what, given who is alive: a pure function, run wherever the answer is needed first. */
import { EVERY } from '../announce/uplinks.ts'
import type { UplinkState, Uplinks } from '../announce/uplinks.ts'
import type { Candidacy } from './candidacy.ts'
import { Loads, roomFor } from './spread.ts'

export interface Ownership {
  readonly service: string
  readonly ip: string
  /** Undefined: no candidate is alive. */
  readonly owner: string | undefined
}

/** Who may own something now. */
export interface Electorate {
  /** Members alive and suspect. */
  readonly usable: ReadonlySet<string>
  /**
   * Those of them that may take what others own (core/gossip/settling.ts). Undefined where a member is
   * not ours: then MetalLB's rule holds, which knows of no waiting.
   */
  readonly settled: ReadonlySet<string> | undefined
  /** What members say of interfaces that they cannot announce on; of those not here, nothing. */
  readonly uplinks?: ReadonlyMap<string, Uplinks>
  /** All members know how to spread addresses evenly (spread.ts). */
  readonly spreads?: boolean
}

/** Who would own each of `owned` if its owner were not there, in their order. */
export function nextOwners(
  candidacies: readonly Candidacy[],
  owned: readonly Ownership[],
  electorate: Electorate | undefined,
): (string | undefined)[] {
  const next = owned.map((): string | undefined => undefined)
  for (const gone of new Set(owned.map(({ owner }) => owner))) {
    if (gone === undefined) continue
    const others = electorate && owners(candidacies, without(electorate, gone))
    for (const [i, { owner }] of owned.entries()) {
      if (owner !== gone) continue
      // Without membership each node reckons by the order alone.
      next[i] = others ? others[i]?.owner : candidacies[i]?.order.find((node) => node !== gone)
    }
  }
  return next
}

/** The same without that node. */
export const without = (electorate: Electorate, name: string): Electorate => {
  const { usable, settled } = electorate
  const others = (names: ReadonlySet<string>) => names.difference(new Set([name]))
  return { ...electorate, usable: others(usable), settled: settled && others(settled) }
}

/**
 * How far a node is from owning an address: it may; it waits, being unsettled or its interface only just
 * back; what it would send does not leave it; it is not there. Where nobody may, those of the next kind do:
 * no address is left without an owner.
 */
type Distance = 'ready' | 'waiting' | 'down' | 'gone'

const NEARNESS: readonly Distance[] = ['ready', 'waiting', 'down']

/**
 * The owners. `electorate` undefined: membership is off, all nodes count. Where a member is not ours the
 * first of the order that lives, as MetalLB has it. Else an address is its home's (spread.ts); while that
 * cannot have it, it goes to the first of the order that can and has room, as few as possible moving:
 * another's death moves none from its home.
 */
export function owners(
  candidacies: readonly Candidacy[],
  electorate: Electorate | undefined,
): Ownership[] {
  const owned = electorate?.spreads
    ? spread(candidacies, electorate)
    : candidacies.map(({ order }) => firstOf(order, electorate))
  return candidacies.map(({ service, ip }, i) => ({ service, ip, owner: owned[i] }))
}

/** The first of the order that is settled, else the first that is usable. */
function firstOf(order: readonly string[], electorate: Electorate | undefined): string | undefined {
  if (!electorate) return order[0]
  const { usable, settled } = electorate
  const settledOne = settled && order.find((node) => usable.has(node) && settled.has(node))
  return settledOne ?? order.find((node) => usable.has(node))
}

function spread(candidacies: readonly Candidacy[], electorate: Electorate): (string | undefined)[] {
  const owned: (string | undefined)[] = []
  const loads = new Loads()
  /** Of each group its first candidacy, by which it is judged. */
  const firsts = new Map<string, number>()
  const away: number[] = []
  const others: number[] = []
  for (const [i, candidacy] of candidacies.entries()) {
    const group = groupOf(candidacy)
    const home = candidacy.seat?.home
    if (firsts.has(group)) {
      others.push(i)
      continue
    }
    firsts.set(group, i)
    if (home !== undefined && mayHave(home, candidacy, electorate)) {
      owned[i] = home
      loads.add(home)
    } else away.push(i)
  }
  const orders = away.map((i) => candidacies[i]?.order ?? [])
  const room = roomFor(firsts.size, loads.size + countOthers(orders, loads, electorate))
  for (const i of away) {
    const owner = nearest(candidacies[i], electorate, loads, room)
    owned[i] = owner
    if (owner !== undefined) loads.add(owner)
  }
  for (const i of others) {
    const owner = owned[firsts.get(groupOf(candidacies[i])) ?? i]
    // Services that share an address may have different candidates.
    const isCandidate = owner !== undefined && candidacies[i]?.order.includes(owner)
    owned[i] = isCandidate ? owner : nearest(candidacies[i], electorate, loads, Infinity)
  }
  return owned
}

const groupOf = (candidacy: Candidacy | undefined): string =>
  candidacy?.seat?.group ?? candidacy?.ip ?? ''

const mayHave = (node: string, candidacy: Candidacy, electorate: Electorate): boolean =>
  candidacy.order.includes(node) && distance(node, candidacy, electorate) === 'ready'

/** How many of the candidates that are settled have nothing at home. */
function countOthers(
  orders: readonly (readonly string[])[],
  loads: Loads,
  electorate: Electorate,
): number {
  const missing = new Set(
    [...electorate.usable].filter((node) => loads.of(node) === 0 && isSettled(node, electorate)),
  )
  const found = missing.size
  for (const order of orders) {
    if (missing.size === 0) break
    for (const node of order) missing.delete(node)
  }
  return found - missing.size
}

/**
 * The first that has room of those that are nearest, and of them those that are preferred most; where all
 * are full, the least loaded.
 */
function nearest(
  candidacy: Candidacy | undefined,
  electorate: Electorate,
  loads: Loads,
  room: number,
): string | undefined {
  if (!candidacy) return undefined
  const { order, weights } = candidacy
  for (const near of NEARNESS) {
    const candidates = preferred(order, weights, (node) => {
      return distance(node, candidacy, electorate) === near
    })
    const found = loads.choose(candidates, room)
    if (found !== undefined) return found
  }
  return undefined
}

/** One after the other, as far as anybody asks: mostly the first will do. */
function* preferred(
  order: readonly string[],
  weights: Candidacy['weights'],
  passes: (node: string) => boolean,
): Generator<string, void> {
  let most: number | undefined
  for (const node of order) {
    if (!passes(node)) continue
    const weight = weights?.[node] ?? 0
    if (most !== undefined && weight < most) return
    most = weight
    yield node
  }
}

const isSettled = (node: string, { usable, settled }: Electorate): boolean =>
  usable.has(node) && (settled?.has(node) ?? true)

function distance(node: string, candidacy: Candidacy, electorate: Electorate): Distance {
  if (!electorate.usable.has(node)) return 'gone'
  const uplink = uplinkOf(node, candidacy, electorate)
  if (uplink === 'down') return 'down'
  return uplink === 'returning' || !isSettled(node, electorate) ? 'waiting' : 'ready'
}

/** The state of the best of the interfaces that the node would announce it on; undefined: up. */
export function uplinkOf(
  node: string,
  { uplinks }: Candidacy,
  electorate: Electorate,
): UplinkState | undefined {
  const told = electorate.uplinks?.get(node)
  if (!told || told.size === 0) return undefined
  const listed = uplinks?.[node] ?? [EVERY]
  const states = listed.map((name) => told.get(name))
  if (states.some((state) => state === undefined)) return undefined
  return states.includes('returning') ? 'returning' : 'down'
}

/** Why a node was passed over, for people. `absent`: what is known of one that is no member. */
function whyNot(
  node: string,
  candidacy: Candidacy,
  electorate: Electorate | undefined,
  absent: (node: string) => string,
): string {
  if (!electorate?.usable.has(node)) return absent(node)
  const uplink = electorate.spreads ? uplinkOf(node, candidacy, electorate) : undefined
  if (uplink === 'down') return 'its interface is down'
  if (!isSettled(node, electorate)) return 'not settled yet'
  return uplink === 'returning' ? 'its interface is not settled yet' : 'has its share'
}

/** Why that one, for people: `first of 3 candidates`, `next after w1 (nodeGone), w3 (has its share)`. */
export function whyOwner(
  candidacy: Candidacy,
  owner: string | undefined,
  electorate: Electorate | undefined,
  absent: (node: string) => string,
): string {
  const { order } = candidacy
  const passed = owner === undefined ? order : order.slice(0, order.indexOf(owner))
  const reasons = passed.map((node) => `${node} (${whyNot(node, candidacy, electorate, absent)})`)
  if (owner === undefined) {
    return reasons.length === 0 ? 'no candidates' : `no candidate is alive: ${reasons.join(', ')}`
  }
  if (reasons.length > 0) return `next after ${reasons.join(', ')}`
  return order.length === 1 ? 'the only candidate' : `first of ${order.length} candidates`
}

/** An address this node announces. */
export interface AnnouncedVip {
  readonly ip: string
  readonly interfaces: readonly string[] | 'all'
}

/**
 * By address what `self` announces, each with the interfaces of all Services that share it. `owned`: the
 * owners of the candidacies, in their order.
 */
export function announcedBy(
  self: string,
  candidacies: readonly Candidacy[],
  owned: readonly Ownership[],
): Map<string, AnnouncedVip> {
  const interfaces = new Map<string, Set<string> | 'all'>()
  for (const [i, candidacy] of candidacies.entries()) {
    if (owned[i]?.owner !== self) continue
    const united = interfaces.get(candidacy.ip) ?? new Set()
    if (united === 'all' || candidacy.interfaces === 'all') interfaces.set(candidacy.ip, 'all')
    else interfaces.set(candidacy.ip, united.union(new Set(candidacy.interfaces)))
  }
  return new Map(
    [...interfaces].map(([ip, names]) => [
      ip,
      { ip, interfaces: names === 'all' ? 'all' : [...names].sort() },
    ]),
  )
}
