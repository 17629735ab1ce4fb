/**
 * The order of election, byte for byte MetalLB's, so that speakers of both kinds agree: preferred
 * nodes first, then ascending sha256(node + "#" + ip).
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

export interface Candidate {
  readonly name: string
  /** Sum of the preferredNodeSelectors weights that select it; 0 without preference. */
  readonly weight: number
}

/** Names of the candidates, best first. Does not depend on the order they come in. */
export function electionOrder(candidates: readonly Candidate[], firstIp: string): string[] {
  return candidates
    .map(({ name, weight }) => ({ name, weight, hash: electionHash(name, firstIp) }))
    .sort((a, b) => b.weight - a.weight || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0))
    .map(({ name }) => name)
}

/** As hex, whose text order is the byte order. */
export const electionHash = (node: string, ip: string): string =>
  bytesToHex(sha256(utf8ToBytes(`${node}#${ip}`)))
