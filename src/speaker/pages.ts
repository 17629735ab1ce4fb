/** What can be seen of a speaker from outside: `/metrics` and `/debug/view`. */
import type { ConfigHealthView } from './config-health.ts'
import type { Pages } from '../adapters/pages.ts'
import type { Standing } from '../core/diagnosis/problem-book.ts'
import type { GossipThreadView, OwnerNow, OwnerView, PacketCounters } from './messages.ts'
import type { Inquiry } from './inquiry.ts'
import type { Refusal } from './refusals.ts'
import type { SpeakerMetrics } from './metrics.ts'

export interface PageSources {
  readonly node: string
  readonly metrics: SpeakerMetrics
  /** Undefined: membership is off. */
  readonly gossip: Inquiry<GossipThreadView | undefined>
  readonly packet: Inquiry<PacketCounters>
  owners(): readonly OwnerView[]
  readonly ownersNow: Inquiry<readonly OwnerNow[]>
  announced(): readonly { readonly service: string; readonly ip: string }[]
  /** By Service: those that nobody may announce, and why. */
  refused(): ReadonlyMap<string, Refusal>
  problems(): readonly Standing[]
  config(): ConfigHealthView
  notReady(): readonly string[]
}

export function speakerPages(sources: PageSources): Pages {
  const { node, metrics } = sources
  const ask = async () => {
    const [gossip, packet] = await Promise.all([sources.gossip.ask(), sources.packet.ask()])
    const answering = { gossip: gossip !== undefined, packet: packet !== undefined }
    return { gossip: gossip?.answer, packet: packet?.answer, answering }
  }
  return {
    '/metrics': async () => {
      const problems = sources.problems().map(({ reason }) => reason)
      const announced = sources.announced()
      const refused = [...sources.refused().values()].map(({ reason }) => reason)
      const told = { announced, refused, problems, config: sources.config() }
      const body = await metrics.text({ node, ...(await ask()), ...told })
      return { status: 200, type: metrics.contentType, body }
    },
    '/debug/view': async () => {
      const [{ gossip, packet, answering }, now] = await Promise.all([
        ask(),
        sources.ownersNow.ask(),
      ])
      const { interfaces, ...counters } = packet ?? { interfaces: undefined }
      const view = {
        node,
        notReady: sources.notReady(),
        problems: sources.problems(),
        config: sources.config(),
        owners: now?.answer ?? sources.owners(),
        interfaces,
        refused: Object.fromEntries(
          [...sources.refused()].map(([key, { reason, message }]) => [key, { reason, message }]),
        ),
        gossip,
        packet: packet && counters,
        answering,
      }
      return { status: 200, type: 'application/json', body: `${JSON.stringify(view, known, 2)}\n` }
    },
  }
}

/** Keys stay where nothing is known, so that readers can rely on them. */
const known = (_: string, value: unknown): unknown => (value === undefined ? null : value)
