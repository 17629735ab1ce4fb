/** What a speaker says at `/debug/view`: as much of it as is known, of whatever release it is. */
import * as z from 'zod'
import type { Look } from './look.ts'

/** A list whose items of another shape are left out: a part that is new must not hide the rest. */
const readable = <T>(item: z.ZodType<T>) =>
  z
    .array(z.unknown())
    .nullish()
    .catch(undefined)
    .transform((items): T[] => (items ?? []).flatMap((it) => item.safeParse(it).data ?? []))

const some = <T>(what: z.ZodType<T>) =>
  what
    .nullish()
    .catch(undefined)
    .transform((value) => value ?? undefined)

const owner = z.object({
  service: z.string(),
  ip: z.string(),
  /** Absent: nobody. */
  owner: some(z.string()),
  why: some(z.string()),
  /** What this node does about it (core/election/handover.ts). */
  holding: some(z.string()),
  /** ms since it has been so. */
  since: some(z.number()),
  /** The node that would own it if the owner went. */
  next: some(z.string()),
})

const member = z.object({
  name: z.string(),
  address: z.string().catch(''),
  state: z.string(),
  kind: z.string().catch(''),
  settled: z.boolean().catch(true),
  /** By interface that it cannot announce on; `*`: any. */
  uplinks: z.record(z.string(), z.string()).catch({}),
  lost: some(z.string()),
})

const rival = z.object({
  ip: z.string(),
  mac: z.string(),
  interface: z.string(),
  kind: z.string(),
  speaker: some(z.string()),
})

const standing = z.object({ reason: z.string(), message: z.string() })

const schema = z.object({
  node: z.string(),
  notReady: readable(z.string()),
  problems: readable(standing),
  owners: readable(owner),
  refused: z.record(z.string(), standing).catch({}),
  /** Absent: membership is off, or its thread did not answer. */
  gossip: some(z.object({ members: readable(member) })),
  packet: some(z.object({ rivals: readable(rival) })),
  /** That qualify now; absent: it does not tell. */
  interfaces: z
    .array(z.object({ name: z.string(), mac: z.string() }))
    .nullish()
    .catch(undefined)
    .transform((value) => value ?? undefined),
})

export type SpeakerView = z.infer<typeof schema>

export function parseSpeakerView(answer: unknown): Look<SpeakerView> {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return { seen: parsed.data }
  return { unseen: 'its answer is not one of a speaker that is known here' }
}
