/** What a speaker is told at start: MetalLB's flags and environment (features of speaker/main.go). */
import { join } from 'node:path'
import { DETECTIONS } from '../core/gossip/detection.ts'
import type { DetectionName } from '../core/gossip/detection.ts'
import type { AnnounceOptions, ConflictPolicy } from './messages.ts'
import type { SecretMissing } from './secret-missing.ts'
import { LAN, WAN } from '../core/gossip/profiles.ts'
import type { Profile } from '../core/gossip/profiles.ts'
import { parseFlags } from '../adapters/flags.ts'
import type { Flag } from '../adapters/flags.ts'
import type { MetricsOptions } from '../adapters/metrics-server.ts'
import {
  COMMON_FLAGS,
  NAMESPACE_UNKNOWN,
  metricsOptions,
  ownNamespace,
  readIfThere,
} from '../adapters/program-flags.ts'
import { EXCLUDE_FILE, readExcludeFile } from './exclude-file.ts'
import { MEMBERLIST_FILE, SWITCHES, parseMemberlistFile } from './memberlist-file.ts'
import type { Switches } from './memberlist-file.ts'

const FLAGS = {
  ...COMMON_FLAGS,
  'node-name': { kind: 'text', env: 'METALLB_NODE_NAME' },
  'ignore-exclude-lb': { kind: 'boolean' },
  'ml-bindaddr': { kind: 'text', env: 'METALLB_ML_BIND_ADDR' },
  'ml-bindport': { kind: 'number', env: 'METALLB_ML_BIND_PORT', default: '7946' },
  'ml-labels': { kind: 'text', env: 'METALLB_ML_LABELS' },
  'ml-secret-key-path': { kind: 'text', env: 'METALLB_ML_SECRET_KEY_PATH' },
  'ml-wan-config': { kind: 'boolean' },
  'ml-config': { kind: 'text', default: MEMBERLIST_FILE },
  'failure-detection': { kind: 'text', env: 'BELLWETHER_FAILURE_DETECTION' },
  'return-delay': { kind: 'number', env: 'BELLWETHER_RETURN_DELAY', default: '30' },
  'announce-rate': { kind: 'number', env: 'BELLWETHER_ANNOUNCE_RATE', default: '5000' },
  'announce-refresh': { kind: 'number', env: 'BELLWETHER_ANNOUNCE_REFRESH', default: '150' },
  'address-conflict': { kind: 'text', env: 'BELLWETHER_ADDRESS_CONFLICT', default: 'tell' },
  'exclude-l2-config': { kind: 'text', default: EXCLUDE_FILE },
  // Accepted so that MetalLB's DaemonSet works unchanged; what they are for comes later.
  host: { kind: 'text', env: 'METALLB_HOST' },
  'bgp-debounce-timeout': { kind: 'number', env: 'METALLB_BGP_DEBOUNCE_TIMEOUT' },
  'frrk8s-namespace': { kind: 'text', env: 'FRRK8S_NAMESPACE' },
  'frrk8s-secret-passthrough': { kind: 'boolean' },
} as const satisfies Record<string, Flag>

export interface SpeakerOptions {
  readonly namespace: string
  readonly node: string
  readonly pod: string
  readonly logLevel: string
  readonly healthPort: number
  readonly metrics: MetricsOptions
  readonly loadBalancerClass: string | undefined
  readonly ignoreExcludeLabel: boolean
  readonly bindAddress: string
  readonly bindPort: number
  /** Label selector of the speaker pods. */
  readonly labels: string
  /** Where the files of the memberlist secret are (key-follower.ts); '': no encryption. */
  readonly secretDirectory: string
  /** There is a secret, but nothing in it. */
  readonly secretEmpty: boolean
  /** 'off' where bind address or labels are missing: then every node counts as alive. */
  readonly profile: Profile | 'off'
  /** Where it is from. */
  readonly profileName: 'lan' | 'wan' | 'file' | 'off'
  readonly switches: Switches
  /** `--failure-detection`; by default steady, plain memberlist with `--ml-wan-config`. */
  readonly detection: DetectionName
  /** `--return-delay`, in seconds there: how long a node that returns waits for its addresses. */
  readonly returnDelayMs: number
  /** `--exclude-l2-config`, and what is in it. */
  readonly excludeFile: string
  readonly excludeInterfaces: readonly string[]
  /** `--announce-rate`, `--announce-refresh` (seconds there), `--address-conflict`. */
  readonly announce: AnnounceOptions
}

export type ParsedOptions =
  | { readonly ok: true; readonly options: SpeakerOptions }
  | {
      readonly ok: false
      readonly problems: readonly string[]
      readonly secretMissing?: SecretMissing
    }

export function speakerOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ParsedOptions {
  const parsed = parseFlags(FLAGS, argv, env)
  if (!parsed.ok) return parsed
  const flags = parsed.values
  const problems: string[] = []
  const namespace = ownNamespace(flags.namespace)
  if (!namespace) problems.push(NAMESPACE_UNKNOWN)
  if (!flags['node-name']) problems.push('node unknown: give --node-name or METALLB_NODE_NAME')
  const secretFile = join(flags['ml-secret-key-path'], 'secretkey')
  const secret = flags['ml-secret-key-path'] ? readIfThere(secretFile) : undefined
  let secretMissing: SecretMissing | undefined
  if (flags['ml-secret-key-path'] && !secret) {
    const message = `memberlist secret: expected a file ${secretFile}; the controller makes it`
    problems.push(message)
    const [pod, node] = [flags['pod-name'], flags['node-name']]
    secretMissing = { namespace: namespace ?? '', pod, node, message }
  }
  const detection = flags['failure-detection'] || (flags['ml-wan-config'] ? 'memberlist' : 'steady')
  if (!isDetection(detection)) {
    const expected = Object.keys(DETECTIONS).join(', ')
    problems.push(`--failure-detection: expected one of ${expected}, got "${detection}"`)
  }
  const announce = announceOptions(
    flags['announce-rate'],
    flags['announce-refresh'],
    flags['address-conflict'],
  )
  if (Array.isArray(announce)) problems.push(...announce)
  const on = flags['ml-bindaddr'] !== '' && flags['ml-labels'] !== ''
  const membership = membershipOf(on, flags['ml-config'], flags['ml-wan-config'])
  problems.push(...membership.problems)
  const excludeFile = flags['exclude-l2-config']
  const excluded = readExcludeFile(excludeFile)
  if (!excluded.ok) problems.push(excluded.problem)
  const metrics = metricsOptions(flags)
  if (!metrics.ok) problems.push(...metrics.problems)
  const whole =
    excluded.ok && namespace && isDetection(detection) && metrics.ok && !Array.isArray(announce)
  if (problems.length > 0 || !whole) {
    return { ok: false, problems, ...(secretMissing && { secretMissing }) }
  }

  return {
    ok: true,
    options: {
      namespace,
      node: flags['node-name'],
      pod: flags['pod-name'],
      logLevel: flags['log-level'],
      healthPort: flags['health-probe-port'],
      metrics: metrics.options,
      loadBalancerClass: flags['lb-class'] || undefined,
      ignoreExcludeLabel: flags['ignore-exclude-lb'],
      bindAddress: flags['ml-bindaddr'],
      bindPort: flags['ml-bindport'],
      labels: flags['ml-labels'],
      secretDirectory: flags['ml-secret-key-path'],
      secretEmpty: secret?.length === 0,
      ...membership.found,
      detection,
      returnDelayMs: flags['return-delay'] * 1000,
      excludeFile,
      excludeInterfaces: excluded.patterns,
      announce,
    },
  }
}

interface Membership {
  readonly problems: readonly string[]
  readonly found: Pick<SpeakerOptions, 'profile' | 'profileName' | 'switches'>
}

/** The file, where it is there, goes before the flag. */
function membershipOf(on: boolean, file: string, wan: boolean): Membership {
  const name = !on ? 'off' : wan ? 'wan' : 'lan'
  const profile = { off: 'off' as const, lan: LAN, wan: WAN }[name]
  const preset: Membership = {
    problems: [],
    found: { profile, profileName: name, switches: SWITCHES },
  }
  const text = on ? readIfThere(file)?.toString() : undefined
  if (text === undefined) return preset
  const parsed = parseMemberlistFile(text, file)
  if (!parsed.ok) return { ...preset, problems: parsed.problems }
  return {
    problems: [],
    found: { profile: parsed.profile, profileName: 'file', switches: parsed.switches },
  }
}

const CONFLICT_POLICIES = ['tell', 'defend', 'yield'] as const satisfies readonly ConflictPolicy[]
/** A refresh that comes sooner would overlap with the bursts it follows. */
const LEAST_REFRESH_S = 5

/** 0 as a rate: no bound; as a refresh: none. A list is what is wrong. */
function announceOptions(
  packetsPerSecond: number,
  refreshS: number,
  policy: string,
): AnnounceOptions | string[] {
  const problems: string[] = []
  const conflict = CONFLICT_POLICIES.find((name) => name === policy)
  if (!conflict) {
    problems.push(
      `--address-conflict: expected one of ${CONFLICT_POLICIES.join(', ')}, got "${policy}"`,
    )
  }
  if (refreshS > 0 && refreshS < LEAST_REFRESH_S) {
    problems.push(
      `--announce-refresh: expected 0 (off) or at least ${LEAST_REFRESH_S} seconds, got "${refreshS}"`,
    )
  }
  if (!conflict || problems.length > 0) return problems
  return {
    packetsPerSecond: packetsPerSecond === 0 ? Infinity : packetsPerSecond,
    refreshMs: refreshS === 0 ? undefined : refreshS * 1000,
    conflict,
  }
}

const isDetection = (name: string): name is DetectionName => Object.hasOwn(DETECTIONS, name)
