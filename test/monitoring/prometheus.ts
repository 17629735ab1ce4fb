/** Debian's Prometheus, with promtool; and one that runs. */
import { ensureFiles } from '../lab/packages.ts'
import type { Daemons } from '../lab/daemons.ts'
import { until } from '../lab/until.ts'

/** Its package is not to start it as a service. */
export const ensurePrometheus = (): Promise<void> =>
  ensureFiles({ prometheus: 'prometheus', promtool: 'prometheus' })

export class Prometheus {
  readonly #api: string

  private constructor(api: string) {
    this.#api = api
  }

  /** `config`: its configuration file. Ends with `daemons.stop('prometheus')`. */
  static async start(daemons: Daemons, folder: string, config: string, port: number) {
    const address = `127.0.0.1:${port}`
    daemons.start('prometheus', [
      'prometheus',
      `--config.file=${config}`,
      `--storage.tsdb.path=${folder}/tsdb`,
      `--web.listen-address=${address}`,
      '--log.level=warn',
    ])
    await until('Prometheus to be ready', async () => {
      if (daemons.pid('prometheus') === undefined) throw new Error(daemons.tail('prometheus'))
      return (await fetch(`http://${address}/-/ready`)).ok
    })
    return new Prometheus(`http://${address}/api/v1/`)
  }

  /** What its HTTP API answers under `data`; throws its error. */
  async get<T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
    const response = await fetch(
      `${this.#api}${path}?${new URLSearchParams(parameters).toString()}`,
    )
    const answer = (await response.json()) as { status: string; error?: string; data: T }
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`)
    return answer.data
  }

  /** The series that an expression yields now, as their labels. */
  async query(expr: string): Promise<Readonly<Record<string, string>>[]> {
    const { result } = await this.get<{ result: { metric: Record<string, string> }[] }>('query', {
      query: expr,
    })
    return result.map(({ metric }) => metric)
  }

  alerts(): Promise<{ alerts: Alert[] }> {
    return this.get('alerts')
  }
}

export interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly state: 'pending' | 'firing'
}
