/**
 * What is wrong with the network or the configuration, from what gossip, the API and this node's own
 * attempts say: at most one problem for each reason and peer, and one message for each reason, which
 * names the remedy.
 */
import type { Finding } from '../gossip/findings.ts'

/** Reasons of events; `…Resolved` when it is over. */
export type ProblemReason =
  | 'GossipPortBlocked'
  | 'GossipUDPBlocked'
  | 'GossipSecretMismatch'
  | 'GossipNotEncrypted'
  | 'GossipNameConflict'
  | 'GossipMtuTooSmall'

export interface Problem {
  readonly reason: ProblemReason
  /** Whom it is about: a peer or a name; '' where it is this speaker alone. */
  readonly about: string
  /** What more there is to say of it. */
  readonly detail: string
}

/** A speaker that the API names. */
export interface SpeakerPod {
  readonly name: string
  readonly node: string
  readonly address: string
  readonly ready: boolean
}

/** How the gossip port of a speaker answers to TCP, and for how long it has. */
export interface DoorState {
  /** 'open', 'silent', or how it was refused. */
  readonly door: string
  readonly forMs: number
}

export interface Observed {
  /** Other speakers. */
  readonly speakers: readonly SpeakerPod[]
  readonly doors: ReadonlyMap<string, DoorState>
  /** How long ago the address was a member's; 0: it is; undefined: it never was. */
  readonly memberMs: (address: string) => number | undefined
  readonly findings: readonly Finding[]
  /** There is a secret, but nothing in it. */
  readonly secretEmpty: boolean
}

const BLOCKED_MS = 10_000
/** It takes the API about this long to see that a node is gone. */
const NODE_GONE_MS = 60_000

export function problemsOf(observed: Observed): Problem[] {
  const { speakers, findings, secretEmpty } = observed
  const at = new Map(speakers.map((speaker) => [speaker.address, speaker]))
  const name = (address: string) => {
    const speaker = at.get(address)
    return speaker ? `${speaker.node} (${address})` : address
  }
  const blocked = speakers
    .filter((speaker) => isBlocked(speaker, observed))
    .map(({ address }): Problem => {
      const door = observed.doors.get(address)?.door ?? 'silent'
      return { reason: 'GossipPortBlocked', about: name(address), detail: WHY[door] ?? door }
    })
  const found = findings.flatMap((finding): Problem[] => {
    switch (finding.kind) {
      case 'udpLost':
        return [{ reason: 'GossipUDPBlocked', about: name(finding.address), detail: '' }]
      case 'mtuTooSmall': {
        const detail = `${finding.bytes}`
        return [{ reason: 'GossipMtuTooSmall', about: name(finding.address), detail }]
      }
      case 'nameConflict': {
        const detail = finding.addresses.join(' and ')
        return [{ reason: 'GossipNameConflict', about: finding.name, detail }]
      }
      case 'undecipherable': {
        // Anybody may send anything: only of a speaker it means something.
        if (!at.has(finding.address)) return []
        const detail = finding.reason
        return [{ reason: 'GossipSecretMismatch', about: name(finding.address), detail }]
      }
    }
  })
  const own: Problem[] = secretEmpty
    ? [{ reason: 'GossipNotEncrypted', about: '', detail: '' }]
    : []
  return [...blocked, ...found, ...own]
}

/** Ready, hence running, says the API; but no connection for a while. */
function isBlocked({ address, ready }: SpeakerPod, { doors, memberMs }: Observed): boolean {
  const state = doors.get(address)
  if (!ready || !state || state.door === 'open' || state.forMs < BLOCKED_MS) return false
  const goneMs = memberMs(address)
  // One that was a member a moment ago has died, more likely, and the API does not know yet.
  return goneMs === undefined || goneMs === 0 || goneMs >= NODE_GONE_MS
}

const WHY: Readonly<Record<string, string>> = {
  silent: 'no answer',
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
}

/** Named in a message; the others are counted. */
const MOST_NAMED = 5

/** One message for all problems of a reason; at least one. */
export function messageOf(problems: readonly Problem[], port: number): string {
  const [first] = problems
  if (!first) return ''
  const peers = list(problems.map(({ about }) => about))
  const withDetail = list(problems.map(({ about, detail }) => `${about}: ${detail}`))
  switch (first.reason) {
    case 'GossipPortBlocked':
      return `no TCP connection to port ${port} of ${withDetail}. Allow TCP and UDP ${port} between the nodes`
    case 'GossipUDPBlocked':
      return `gossip is answered by TCP but not by UDP by ${peers}. Allow UDP ${port} between the nodes, in both directions`
    case 'GossipSecretMismatch':
      return `gossip cannot be read that comes from ${withDetail}. It has another secret, or none: compare the secret "memberlist" with what each speaker has mounted, and restart the speaker that has the old one`
    case 'GossipNotEncrypted':
      return `gossip is not encrypted: the secret "memberlist" is empty. Delete it, restart the controller, which makes a new one, then the speakers`
    case 'GossipNameConflict':
      return `two addresses claim one node name: ${withDetail}. Typical of two clusters on one segment, or a docker swarm beside one: give each cluster a memberlist secret of its own`
    case 'GossipMtuTooSmall':
      return `datagrams of ${first.detail} bytes get lost, small ones do not, on the way to ${peers}. Raise the MTU of the network between the nodes, or lower UDPBufferSize in the memberlist config`
  }
}

/** What is said when it is over. */
export const RESOLVED: Readonly<Record<ProblemReason, string>> = {
  GossipPortBlocked: 'all speakers that are ready can be reached by TCP',
  GossipUDPBlocked: 'all members that answer by TCP answer by UDP too',
  GossipSecretMismatch: 'gossip of all speakers can be decrypted',
  GossipNotEncrypted: 'gossip is encrypted',
  GossipNameConflict: 'no two addresses claim one node name',
  GossipMtuTooSmall: 'large datagrams get through',
}

function list(texts: readonly string[]): string {
  const named = texts.slice(0, MOST_NAMED).join(', ')
  const rest = texts.length - MOST_NAMED
  return rest > 0 ? `${named} and ${rest} more` : named
}
