/** What clients see of three addresses, one of each node, while nodes are moved; and how that is judged. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { SegmentWatch } from '../bench/segment-watch.ts'
import { until } from '../lab/until.ts'
import { lab } from './harness.ts'
import { names, ruledBy, vips } from './migration-plan.ts'

const AT_REST_MS = 1500
/**
 * One of MetalLB's that leaves answers until its farewell is out: 0.1 to 0.3 s, and as much again where the
 * machine is busy. It would give up after a second.
 */
const DOUBLE_MS = 500
/** Of the node that is moved itself: less than 0.1 s is seen. What is lost costs its client a second. */
const DARK_MS = 500

export class Clients {
  readonly #macs: ReadonlyMap<string, string>
  readonly #watches: ReadonlyMap<string, SegmentWatch>

  private constructor(macs: ReadonlyMap<string, string>) {
    const watched = names.map((node) => vips.get(`${node}-0`) ?? '')
    this.#macs = macs
    this.#watches = new Map(watched.map((ip) => [ip, new SegmentWatch(lab, ip, AT_REST_MS)]))
  }

  static async start(): Promise<Clients> {
    const pairs = names.map(async (name) => [await lab.hostMac(name), name] as const)
    return new Clients(new Map(await Promise.all(pairs)))
  }

  /** Who has each watched address, at rest. */
  async places(): Promise<Map<string, string>> {
    const found = [...this.#watches].map(async ([ip, watch]) => {
      const mac = await watch.rest()
      return [ip, this.#macs.get(mac) ?? mac] as const
    })
    return new Map(await Promise.all(found))
  }

  /** Waits until each watched address is at rest where it is expected. */
  async at(owner: (ip: string) => string): Promise<void> {
    const expected = [...this.#watches.keys()].map((ip) => `${ip} at ${owner(ip)}`)
    await until(expected.join(', '), async () => {
      const wrong = [...(await this.places())].filter(([ip, node]) => node !== owner(ip))
      if (wrong.length > 0)
        throw new Error(`found ${wrong.map((it) => it.join(' at ')).join(', ')}`)
      return true
    })
  }

  /**
   * Nothing since then was to their harm. `start`: where the addresses were; `moving`: the node whose
   * addresses went and came back.
   */
  undisturbed(
    t: TestContext,
    fromMs: number,
    start: ReadonlyMap<string, string>,
    moving?: string,
  ): void {
    for (const [ip, watch] of this.#watches) {
      const owner = start.get(ip) ?? ''
      const mac = [...this.#macs].find(([, node]) => node === owner)?.[0] ?? ''
      const { tcp, arp } = watch.figures(mac, { fromMs, toMs: Infinity })
      const figures = JSON.stringify({ ip, owner, tcp, arp })
      t.diagnostic(figures)
      const dark = tcp.silentMs - tcp.lateMs
      if (owner === moving) assert.ok(tcp.recovered && dark <= DARK_MS, figures)
      else assert.equal(tcp.failed, 0, figures)
      if (owner !== moving && stays(ip, owner)) {
        assert.deepEqual([arp.takeoverMs, arp.doubles], [null, 0], figures)
      } else assert.ok(arp.doubleMs <= DOUBLE_MS, figures)
    }
  }
}

/** An address has no reason to move from where it is: by MetalLB's rule, and by the spread of those watched. */
const stays = (ip: string, owner: string) => owner === ruledBy(ip)
