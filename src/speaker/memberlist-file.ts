/**
 * MetalLB's optional `/etc/metallb/memberlist/config.json`: the knobs of memberlist, above the values
 * for a LAN; `--ml-wan-config` does not count beside it (internal/speakerlist). As there, keys that
 * nobody knows are passed over, names are found in any case, and every duration must be given. Other
 * than there, a number or switch that is left out keeps its default, where MetalLB takes 0 or false.
 */
import * as z from 'zod'
import { parseGoDuration } from '../core/go-duration.ts'
import { LAN } from '../core/gossip/profiles.ts'
import type { Profile } from '../core/gossip/profiles.ts'
import type { Security } from '../core/wire/memberlist/security.ts'

export const MEMBERLIST_FILE = '/etc/metallb/memberlist/config.json'

/** What is sealed and compressed; see `Security`. */
export type Switches = Readonly<
  Required<Pick<Security, 'verifyIncoming' | 'verifyOutgoing' | 'compression'>>
>

export const SWITCHES: Switches = { verifyIncoming: true, verifyOutgoing: true, compression: true }

export type MemberlistFile =
  | { readonly ok: true; readonly profile: Profile; readonly switches: Switches }
  /** All that is wrong, each a sentence that names the file. */
  | { readonly ok: false; readonly problems: readonly string[] }

const HOUR_MS = 3_600_000

/** In ms; `least` keeps what would make a loop without rest. */
const duration = (least: number) =>
  z.string({ error: expected('a duration such as "500ms"') }).transform((text, context) => {
    const ms = parseGoDuration(text)
    if (ms !== undefined && ms >= least && ms <= 24 * HOUR_MS) return ms
    const what = ms === undefined ? 'a duration such as "500ms"' : `${least}ms to 24h`
    context.addIssue({ code: 'custom', message: `expected ${what}, got "${text}"` })
    return z.NEVER
  })

const count = (least: number, most: number, preset: number) =>
  z
    .int({ error: expected(`a whole number from ${least} to ${most}`) })
    .min(least, { error: expected(`${least} to ${most}`) })
    .max(most, { error: expected(`${least} to ${most}`) })
    .nullish()
    .transform((value) => value ?? preset)

const flag = (preset: boolean) =>
  z
    .boolean({ error: expected('true or false') })
    .nullish()
    .transform((value) => value ?? preset)

function expected(what: string): (issue: { input?: unknown }) => string {
  return ({ input }) =>
    `expected ${what}, got ${input === undefined || input === null ? 'nothing' : JSON.stringify(input)}`
}

/** One datagram must hold an alive message, and UDP no more than this. */
const [LEAST_UDP, MOST_UDP] = [512, 65_507]

const FIELDS = {
  TCPTimeout: duration(1),
  // 0: never, as in memberlist.
  PushPullInterval: duration(0),
  ProbeTimeout: duration(1),
  ProbeInterval: duration(1),
  GossipInterval: duration(0),
  GossipToTheDeadTime: duration(0),
  // memberlist's own metrics have no counterpart here.
  QueueCheckInterval: duration(0),
  IndirectChecks: count(0, 1000, LAN.indirectChecks),
  RetransmitMult: count(0, 1000, LAN.retransmitMult),
  SuspicionMult: count(0, 1000, LAN.suspicionMult),
  SuspicionMaxTimeoutMult: count(0, 1000, LAN.suspicionMaxTimeoutMult),
  AwarenessMaxMultiplier: count(0, 1000, LAN.awarenessMaxMultiplier),
  GossipNodes: count(0, 1000, LAN.gossipNodes),
  // There are no queues between receiving and handling.
  HandoffQueueDepth: count(0, 10_000_000, 1024),
  UDPBufferSize: count(LEAST_UDP, MOST_UDP, LAN.udpBufferSize),
  DisableTcpPings: flag(LAN.disableTcpPings),
  GossipVerifyIncoming: flag(SWITCHES.verifyIncoming),
  GossipVerifyOutgoing: flag(SWITCHES.verifyOutgoing),
  EnableCompression: flag(SWITCHES.compression),
} as const

const File = z.preprocess(
  inAnyCase,
  z.object(FIELDS, { error: expected('an object') }).check(({ value, issues }) => {
    if (value.ProbeTimeout < value.ProbeInterval) return
    issues.push({
      code: 'custom',
      path: ['ProbeTimeout'],
      message: `expected less than ProbeInterval, ${value.ProbeInterval}ms, got ${value.ProbeTimeout}ms`,
      input: value,
    })
  }),
)

/** Go's JSON finds a field whatever the case of its key. */
function inAnyCase(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input
  const names = new Map(Object.keys(FIELDS).map((name) => [name.toLowerCase(), name]))
  const found = Object.entries(input).map(([key, value]): [string, unknown] => [
    names.get(key.toLowerCase()) ?? key,
    value,
  ])
  return Object.fromEntries(found)
}

/** `file`: its path, for the problems. */
export function parseMemberlistFile(text: string, file: string): MemberlistFile {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { ok: false, problems: [`${file}: expected JSON: ${message}`] }
  }
  const parsed = File.safeParse(json)
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => {
      return `${file}: ${[...path.map(String), message].join(': ')}`
    })
    return { ok: false, problems }
  }
  const it = parsed.data
  return {
    ok: true,
    profile: {
      probeIntervalMs: it.ProbeInterval,
      probeTimeoutMs: it.ProbeTimeout,
      indirectChecks: it.IndirectChecks,
      disableTcpPings: it.DisableTcpPings,
      retransmitMult: it.RetransmitMult,
      suspicionMult: it.SuspicionMult,
      suspicionMaxTimeoutMult: it.SuspicionMaxTimeoutMult,
      awarenessMaxMultiplier: it.AwarenessMaxMultiplier,
      gossipIntervalMs: it.GossipInterval,
      gossipNodes: it.GossipNodes,
      gossipToTheDeadMs: it.GossipToTheDeadTime,
      deadNodeReclaimMs: LAN.deadNodeReclaimMs,
      pushPullIntervalMs: it.PushPullInterval,
      tcpTimeoutMs: it.TCPTimeout,
      udpBufferSize: it.UDPBufferSize,
    },
    switches: {
      verifyIncoming: it.GossipVerifyIncoming,
      verifyOutgoing: it.GossipVerifyOutgoing,
      compression: it.EnableCompression,
    },
  }
}
