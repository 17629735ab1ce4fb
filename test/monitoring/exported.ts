/** What both programs export, of the registries themselves: each metric with its type, labels and help. */
import { ControllerMetrics } from '../../src/controller/metrics.ts'
import { COUNTED, FAMILIES, SpeakerMetrics } from '../../src/speaker/metrics.ts'
import { newCounters } from '../../src/core/gossip/counters.ts'
import { packetCounters } from '../fakes/packet-counters.ts'

export interface Exported {
  readonly type: string
  readonly help: string
  /** Those of it that have some: what is asked of the operating system has none. */
  readonly labels: readonly string[]
}

interface Labelled {
  readonly name: string
  readonly labels: readonly string[]
}

/** By name, of the HELP and TYPE lines of an exposition. */
function read(text: string, families: readonly Labelled[]): ReadonlyMap<string, Exported> {
  const pairs = text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)
  return new Map(
    [...pairs].map(([, name = '', help = '', type = '']) => {
      const labels = families.find((family) => family.name === name)?.labels ?? []
      return [name, { type, help, labels }]
    }),
  )
}

export async function ofController(): Promise<ReadonlyMap<string, Exported>> {
  const metrics = new ControllerMetrics()
  return read((await metrics.page()).body, metrics.families)
}

export async function ofSpeaker(): Promise<ReadonlyMap<string, Exported>> {
  const counters = newCounters()
  const handovers = { given: 0, taken: 0, yielded: 0, expired: 0 }
  const gossip = { name: 'w1', incarnation: 1, score: 0, members: [], findings: [], sure: true }
  const text = await new SpeakerMetrics().text({
    node: 'w1',
    gossip: { ...gossip, counters, handovers },
    packet: packetCounters(),
    announced: [],
    refused: [],
    problems: [],
    config: { updates: 0, updateErrors: 0, loaded: true, stale: false },
    answering: { gossip: true, packet: true },
  })
  return read(text, [...FAMILIES, ...COUNTED])
}

/** Names of series: a histogram has three. */
export const seriesOf = (metrics: ReadonlyMap<string, Exported>): string[] =>
  [...metrics].flatMap(([name, { type }]) =>
    type === 'histogram' ? ['bucket', 'sum', 'count'].map((end) => `${name}_${end}`) : [name],
  )
