/** What a client on the segment sees of one VIP while something happens: TCP every 20 ms, ARP every 2. */
import {
  answersByMac,
  arpFigures,
  onlyAnswerer,
  parseArpEvents,
  within,
} from '../lab/arp-timeline.ts'
import type { Window } from '../lab/arp-timeline.ts'
import type { Figures } from '../lab/failover-summary.ts'
import type { Lab } from '../lab/lab.ts'
import { longestOutage, parseProbes } from '../lab/outage.ts'
import type { Running } from '../lab/running.ts'
import { until } from '../lab/until.ts'

/** What comes before an act belongs to its figures: a silence begins with the last answer before it. */
const LEAD_MS = 500
/** Enough of the newest output to hold what rest is judged by. */
const TAIL_BYTES = 2 << 20

export class SegmentWatch {
  readonly #tcp: Running
  readonly #arp: Running
  readonly #settleMs: number

  /** `settleMs`: for how long one host has to answer everything, alone, to be at rest. */
  constructor(lab: Lab, ip: string, settleMs: number) {
    const program = (file: string) => new URL(file, import.meta.url).pathname
    const start = (file: string, ...args: string[]) =>
      lab.spawn('client', [process.execPath, program(file), ...args])
    this.#tcp = start('../lab/tcp-prober.ts', ip, '80')
    this.#arp = start('arp-watch.ts', 'eth0', ip)
    this.#settleMs = settleMs
  }

  /** Awaits rest from now on; returns the MAC address of the one that answers, which is not `but`. */
  async rest(but?: string): Promise<string> {
    const began = Date.now()
    return until('one host alone to answer', () => {
      const window = { fromMs: Date.now() - this.#settleMs, toMs: Infinity }
      if (window.fromMs < began) return false
      const probes = within(parseProbes(this.#tcp.stdout.slice(-TAIL_BYTES)), window)
      const mac = onlyAnswerer(within(parseArpEvents(this.#arp.stdout.slice(-TAIL_BYTES)), window))
      return mac !== but && probes.length > 0 && probes.every(({ ok }) => ok) && mac
    })
  }

  async stop(): Promise<void> {
    await Promise.all([this.#tcp.stop(), this.#arp.stop()])
  }

  /** How many requests of that time each MAC address answered. */
  answers(window: Window): Map<string, number> {
    return answersByMac(within(parseArpEvents(this.#arp.stdout), window))
  }

  /** Of what was seen between two moments, `owner` being who answered at the first. */
  figures(owner: string, { fromMs, toMs }: Window): Figures {
    const window = { fromMs: fromMs - LEAD_MS, toMs: toMs - LEAD_MS }
    return {
      tcp: longestOutage(within(parseProbes(this.#tcp.stdout), window)),
      arp: arpFigures(within(parseArpEvents(this.#arp.stdout), window), owner, fromMs),
    }
  }
}
