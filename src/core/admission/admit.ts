/**
 * Whether an object may be written or deleted, given all others. What may still be mended by an object
 * to come is no reason to refuse: so a whole installation can be applied in any order.
 */
import * as z from 'zod'
import type { Problem } from '../config/model.ts'
import { parseConfig } from '../config/parse-config.ts'
import { canonical, problemText } from '../config/problems.ts'
import type { Labels } from '../config/selector.ts'
import type { Operation, ValidatedKind } from './webhooks.ts'

/** All configuration objects as last heard, by kind, and the labels of the nodes. */
export type Known = Readonly<Record<ValidatedKind, readonly unknown[]>> & {
  readonly nodes: readonly Labels[]
}

export interface AdmissionRequest {
  readonly kind: ValidatedKind
  readonly operation: Operation
  readonly name: string
  readonly namespace: string
  /** Undefined for DELETE. */
  readonly object?: unknown
  /** Undefined for CREATE. */
  readonly oldObject?: unknown
}

export interface Verdict {
  readonly allowed: boolean
  /** Everything that is wrong; '' where it is allowed. */
  readonly message: string
  /** Shown by kubectl, allowed or not. */
  readonly warnings: readonly string[]
}

/** `namespace`: the only one that configuration is read from. */
export function admit(request: AdmissionRequest, known: Known, namespace: string): Verdict {
  const { kind, operation, object, oldObject } = request
  const reasons =
    operation === 'DELETE'
      ? inUse(request, known)
      : isSame(object, oldObject)
        ? []
        : [...misplaced(request, namespace), ...flaws(request, known)]
  const warnings = operation === 'DELETE' ? [] : warningsOf(kind, object)
  return { allowed: reasons.length === 0, message: join(reasons), warnings }
}

const join = (reasons: readonly string[]): string =>
  reasons.length < 2
    ? (reasons[0] ?? '')
    : `${reasons.length} problems: ${reasons.map((text, index) => `(${index + 1}) ${text}`).join('; ')}`

function misplaced({ operation, namespace }: AdmissionRequest, expected: string): string[] {
  if (operation !== 'CREATE' || namespace === expected) return []
  return [`resource must be created in ${expected} namespace, got ${namespace}`]
}

/** What is wrong with the object, or with others because of it, and was not wrong without it. */
function flaws({ kind, name, object }: AdmissionRequest, known: Known): string[] {
  const others = known[kind].filter((other) => nameOf(other) !== name)
  const before = new Set(problemsOf({ ...known, [kind]: others }).map(canonical))
  return problemsOf({ ...known, [kind]: [...others, object] })
    .filter((problem) => !problem.transient && !before.has(canonical(problem)))
    .map((problem) => problemText(problem, `${kind}/${name}`))
}

function problemsOf(known: Known): readonly Problem[] {
  const parsed = parseConfig({
    pools: known.IPAddressPool,
    l2Advertisements: known.L2Advertisement,
    bgpAdvertisements: known.BGPAdvertisement,
    bgpPeers: known.BGPPeer,
    bfdProfiles: known.BFDProfile,
    communities: known.Community,
    nodes: known.nodes,
  })
  return parsed.ok ? [] : parsed.problems
}

const peerObject = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ bfdProfile: z.string(), disableMP: z.boolean().optional() }).partial(),
})

function inUse({ kind, name }: AdmissionRequest, known: Known): string[] {
  if (kind !== 'BFDProfile') return []
  return known.BGPPeer.flatMap((object) => {
    const parsed = peerObject.safeParse(object)
    if (!parsed.success || parsed.data.spec.bfdProfile !== name) return []
    return [`failed to delete BFDProfile ${name}, used by BGPPeer ${parsed.data.metadata.name}`]
  })
}

/** Told to whoever applies a BGP object, and by an event to whoever finds it later. */
export const BGP_NOT_BUILT =
  'BGP is not built yet: the object is checked and kept, but nothing is announced by BGP'

function warningsOf(kind: ValidatedKind, object: unknown): string[] {
  const warnings = kind === 'BGPPeer' || kind === 'BGPAdvertisement' ? [BGP_NOT_BUILT] : []
  if (kind === 'BGPPeer' && peerObject.safeParse(object).data?.spec.disableMP) {
    warnings.push('spec.disableMP is deprecated and has no effect, see dualStackAddressFamily')
  }
  return warnings
}

const subject = z.object({
  metadata: z.object({
    name: z.string().default(''),
    labels: z.record(z.string(), z.string()).default({}),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.unknown(),
})

/** Nothing that configuration sees has changed, or the object is on its way out. */
function isSame(object: unknown, oldObject: unknown): boolean {
  const [now, before] = [subject.safeParse(object).data, subject.safeParse(oldObject).data]
  if (now?.metadata.deletionTimestamp !== undefined) return true
  const seen = (it: typeof now) => canonical([it?.metadata.labels, it?.spec])
  return before !== undefined && seen(now) === seen(before)
}

const nameOf = (object: unknown): string | undefined =>
  subject.safeParse(object).data?.metadata.name
