/** A second cable of speakers, for an address alone: a switch with a client that asks for it all the time. */
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Candidacy } from '../../src/core/election/candidacy.ts'
import { parseArpEvents } from '../lab/arp-timeline.ts'
import type { ArpEvent } from '../lab/arp-timeline.ts'
import { must, run } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import type { Speaker } from './speakers.ts'

const SWITCH = `bwu-switch-${process.pid}`
const CLIENT = `bwu-client-${process.pid}`
const WATCH = fileURLToPath(new URL('../bench/arp-watch.ts', import.meta.url))

/** Of the speaker with that number, from 1 on, on this cable. */
export const macOf = (number: number) => `02:00:00:00:78:0${number}`

/** Gives them an address whose home is the first, to be announced on these interfaces. */
export function give(
  speakers: readonly Speaker[],
  ip: string,
  interfaces: readonly string[],
): void {
  const order = speakers.map(({ name }) => name)
  const [home = ''] = order
  const candidacy: Candidacy = {
    service: 'default/nginx',
    ip,
    order,
    interfaces,
    uplinks: Object.fromEntries(order.map((name) => [name, interfaces])),
    seat: { group: ip, home },
  }
  for (const speaker of speakers) speaker.tell({ kind: 'candidacies', candidacies: [candidacy] })
}

/** Unix time with a fraction, as the events have it. */
export const nowMs = () => performance.timeOrigin + performance.now()

export const plug = (number: number, how: 'up' | 'down') =>
  must(['ip', '-n', SWITCH, 'link', 'set', `port${number}`, how])

export class SecondCable {
  readonly #watch: ChildProcessByStdio<null, Readable, null>
  #lines = ''

  private constructor(ip: string) {
    const argv = ['netns', 'exec', CLIENT, process.execPath, WATCH, 'eth1', ip]
    this.#watch = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#watch.stdout.setEncoding('utf8').on('data', (text: string) => (this.#lines += text))
  }

  /** Lays it as eth1 of each speaker, asks for `ip`, lets `work` go on with that, takes it away. */
  static async with(
    speakers: readonly Speaker[],
    ip: string,
    work: (cable: SecondCable) => Promise<void>,
  ): Promise<void> {
    let cable: SecondCable | undefined
    try {
      await lay(speakers)
      cable = new SecondCable(ip)
      await work(cable)
    } finally {
      await cable?.stop()
      for (const name of [SWITCH, CLIENT]) await run(['ip', 'netns', 'del', name])
    }
  }

  async stop(): Promise<void> {
    if (this.#watch.kill()) await once(this.#watch, 'exit')
  }

  /** All answers since that moment. */
  answers(sinceMs: number): ArpEvent[] {
    return parseArpEvents(this.#lines).filter(
      ({ mac, atMs }) => mac !== undefined && atMs > sinceMs,
    )
  }

  /** Answers to what was asked since that moment. */
  answersTo(sinceMs: number): ArpEvent[] {
    const events = parseArpEvents(this.#lines)
    const asked = events.filter(({ mac, atMs }) => mac === undefined && atMs > sinceMs)
    const seqs = new Set(asked.map(({ seq }) => seq))
    return events.filter(({ mac, seq }) => mac !== undefined && seqs.has(seq))
  }

  /** The first answer of that speaker since that moment; waited for. */
  answer(number: number, sinceMs: number): Promise<ArpEvent> {
    return until(
      `speaker ${number} to answer`,
      () => this.answers(sinceMs).find(({ mac }) => mac === macOf(number)),
      { timeoutMs: 10_000, everyMs: 20 },
    )
  }
}

async function lay(speakers: readonly Speaker[]): Promise<void> {
  for (const name of [SWITCH, CLIENT]) await must(['ip', 'netns', 'add', name])
  await must(['ip', '-n', SWITCH, 'link', 'add', 'br1', 'type', 'bridge'])
  await must(['ip', '-n', SWITCH, 'link', 'set', 'br1', 'up'])
  const hosts = [CLIENT, ...speakers.map(({ netns }) => netns)]
  for (const [i, netns] of hosts.entries()) {
    const end = ['peer', 'name', 'eth1', 'netns', netns]
    await must(['ip', '-n', SWITCH, 'link', 'add', `port${i}`, 'type', 'veth', ...end])
    await must(['ip', '-n', SWITCH, 'link', 'set', `port${i}`, 'master', 'br1', 'up'])
    await must(['ip', '-n', netns, 'link', 'set', 'eth1', 'address', macOf(i), 'up'])
  }
}
