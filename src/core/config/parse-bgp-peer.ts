/** BGPPeers: what is wrong with one, and with two of them on one node (internal/config, as for FRR). */
import type * as z from 'zod'
import { parseGoDuration } from '../go-duration.ts'
import { parseIp } from '../net/ip.ts'
import { bgpPeerSpec } from './bgp-peer.ts'
import { checkSelectors, selectsAny } from './check-selectors.ts'
import type { Problem } from './model.ts'
import { parseObject } from './object.ts'
import type { ParsedObject } from './object.ts'
import type { Problems } from './problems.ts'
import type { LabelSelector, Labels } from './selector.ts'

type PeerSpec = z.infer<typeof bgpPeerSpec>
export type Peer = ParsedObject<PeerSpec>

/** A Secret that a peer may refer to, as far as that looks at it. */
export interface PasswordSecret {
  readonly type?: string | undefined
  readonly keys: readonly string[]
}

export interface PeerReferences {
  /** Names of the BFDProfiles. */
  readonly bfdProfiles: ReadonlySet<string>
  /** By name; undefined: not looked at. */
  readonly secrets: ReadonlyMap<string, PasswordSecret> | undefined
}

export function parseBgpPeer(
  object: unknown,
  references: PeerReferences,
  all: Problem[],
): Peer | undefined {
  const peer = parseObject('BGPPeer', bgpPeerSpec, object, all)
  if (!peer) return undefined
  const { spec, problems, name } = peer
  checkNumbers(spec, problems)
  checkAddresses(spec, problems)
  checkTimers(spec, problems)
  checkPassword(peer, references.secrets)
  checkSelectors('spec.nodeSelectors', spec.nodeSelectors ?? [], problems)
  if (spec.bfdProfile && !references.bfdProfiles.has(spec.bfdProfile)) {
    const message = `peer ${name} referencing non existing bfd profile ${spec.bfdProfile}`
    problems.add('spec.bfdProfile', message, true)
  }
  return peer
}

function checkNumbers(spec: PeerSpec, problems: Problems): void {
  const { myASN, peerASN = 0, dynamicASN, ebgpMultiHop } = spec
  if (myASN === 0) problems.add('spec.myASN', 'missing local ASN')
  if (peerASN === 0 && !dynamicASN) {
    problems.add('spec.peerASN', 'missing peer ASN and dynamicASN')
  }
  if (peerASN !== 0 && dynamicASN) {
    problems.add('spec.dynamicASN', 'both peer ASN and dynamicASN specified')
  }
  if (ebgpMultiHop && peerASN === myASN) {
    problems.add('spec.ebgpMultiHop', 'invalid ebgp-multihop parameter set for an ibgp peer')
  }
}

function checkAddresses(spec: PeerSpec, problems: Problems): void {
  if (!spec.peerAddress && !spec.interface) {
    problems.add('spec.peerAddress', 'peer has no Address or Interface specified')
  }
  if (spec.peerAddress && spec.interface) {
    problems.add('spec.interface', 'peer has both Address and Interface specified')
  }
  for (const [field, what] of [
    ['peerAddress', 'BGPPeer address'],
    ['routerID', 'router ID'],
    ['sourceAddress', 'source IP'],
  ] as const) {
    const text = spec[field]
    if (text && !parseIp(text)) {
      problems.add(`spec.${field}`, `invalid ${what} "${text}": expected an IP address`)
    }
  }
  for (const field of ['interface', 'vrf', 'password'] as const) {
    if (/[\r\n]/.test(spec[field] ?? '')) {
      problems.add(`spec.${field}`, `${field} contains invalid characters: expected one line`)
    }
  }
}

/** Where one of the two times is missing, the other one tells it. */
function checkTimers(spec: PeerSpec, problems: Problems): void {
  const read = (field: 'holdTime' | 'keepaliveTime' | 'connectTime') => {
    const text = spec[field]
    const ms = text === undefined ? undefined : parseGoDuration(text)
    if (text !== undefined && ms === undefined) {
      problems.add(`spec.${field}`, `invalid duration "${text}": expected such as 90s or 1m30s`)
    }
    return ms
  }
  const [holdTime, keepaliveTime, connectTime] = [
    read('holdTime'),
    read('keepaliveTime'),
    read('connectTime'),
  ]
  const hold = holdTime ?? (keepaliveTime ?? 0) * 3
  const seconds = Math.trunc(hold / 1000)
  if (seconds !== 0 && seconds < 3) {
    const got = spec.holdTime ?? `3 * ${spec.keepaliveTime}`
    problems.add('spec.holdTime', `invalid hold time "${got}": must be 0 or >=3s`)
  }
  if (keepaliveTime !== undefined && keepaliveTime > hold) {
    const message = `invalid keepaliveTime "${spec.keepaliveTime}", must be lower than holdTime "${spec.holdTime}"`
    problems.add('spec.keepaliveTime', message)
  }
  if (connectTime === undefined) return
  if (connectTime < 1000 || connectTime > 65_535_000 || connectTime % 1000 !== 0) {
    const message = `invalid connect time "${spec.connectTime}": expected whole seconds from 1 to 65535`
    problems.add('spec.connectTime', message)
  }
}

function checkPassword({ name, spec, problems }: Peer, secrets: PeerReferences['secrets']): void {
  const secretName = spec.passwordSecret?.name
  if (!secretName) return
  const path = 'spec.passwordSecret'
  if (spec.password) {
    problems.add(path, `can not have both password and secret ref set in peer config "${name}"`)
  }
  if (!secrets) return
  const secret = secrets.get(secretName)
  if (!secret) {
    problems.add(path, `secret ref not found for peer config "${name}": "${secretName}"`, true)
    return
  }
  if (secret.type !== 'kubernetes.io/basic-auth') {
    const message = `secret type mismatch on "${secretName}", type "kubernetes.io/basic-auth" is expected, got "${secret.type}"`
    problems.add(path, message)
  }
  if (!secret.keys.includes('password')) {
    problems.add(path, `password not specified in the secret "${secretName}"`)
  }
}

/** Two peers on one node share one router: FRR's rules for that. `peers` in order of name. */
export function checkPeersTogether(peers: readonly Peer[], nodes: readonly Labels[]): void {
  peers.forEach((peer, index) => {
    for (const other of peers.slice(0, index)) {
      if (shareNode(peer.spec.nodeSelectors, other.spec.nodeSelectors, nodes)) {
        checkPair(peer, other)
      }
    }
  })
}

function checkPair({ spec, problems, name }: Peer, other: Peer): void {
  const its = other.spec
  if ((spec.routerID ?? '') !== (its.routerID ?? '')) {
    const message = `peer ${name} has RouterID "${spec.routerID ?? ''}" different from "${its.routerID ?? ''}" of peer ${other.name}, all RouterID must be equal on a node`
    problems.add('spec.routerID', message)
  }
  if ((spec.vrf ?? '') !== (its.vrf ?? '')) return
  if (spec.myASN !== its.myASN) {
    const message = `peer ${name} has myAsn ${spec.myASN} different from ${its.myASN} of peer ${other.name}, all myAsn must be equal for the same VRF`
    problems.add('spec.myASN', message)
  }
  if (endOf(spec) === endOf(its)) {
    const message = `peer ${endOf(spec)} already exists as ${other.name}, duplicate BGPPeers are not supported`
    problems.add('spec.peerAddress', message)
  }
}

const endOf = (spec: PeerSpec): string => spec.peerAddress || (spec.interface ?? '')

/** Where no nodes are known, any two are taken to share one. */
export function shareNode(
  a: readonly LabelSelector[] = [],
  b: readonly LabelSelector[] = [],
  nodes: readonly Labels[],
): boolean {
  return (
    nodes.length === 0 || nodes.some((labels) => selectsAny(a, labels) && selectsAny(b, labels))
  )
}
