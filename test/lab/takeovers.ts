/** All take-overs that the status of a Service has told of: the next one takes the place of the last. */
import { NAMESPACE, statusLabels } from './bellwether.ts'
import type { ToldTakeover } from './bellwether.ts'
import type { Lab } from './lab.ts'
import type { Running } from './running.ts'
import { until } from './until.ts'

export class Takeovers {
  readonly #watch: Running

  private constructor(watch: Running) {
    this.#watch = watch
  }

  /** Kept from now on; awaits the status that the Service has. */
  static async of(lab: Lab, service: string): Promise<Takeovers> {
    const kind = ['servicel2status', '-l', statusLabels(service)]
    const output = ['--watch', '-o', 'jsonpath={.status}{"\\n"}']
    const it = new Takeovers(await lab.watch('-n', NAMESPACE, 'get', ...kind, ...output))
    await until(`a status of ${service}`, () => it.all.length > 0)
    return it
  }

  /** In the order in which they were written. */
  get all(): readonly ToldTakeover[] {
    return this.#watch.stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.includes('"takeover"'))
      .map((line) => JSON.parse(line) as ToldTakeover)
  }

  /** The first one from that node; waited for. */
  from(node: string, timeoutMs = 60_000): Promise<ToldTakeover> {
    return until(
      `the status to tell how it came from ${node}`,
      () => this.all.find(({ takeover }) => takeover.from === node),
      { timeoutMs, everyMs: 20 },
    )
  }
}
