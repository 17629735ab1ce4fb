/**
 * What every end-to-end test stands on: one lab for the whole run with Bellwether installed, and a
 * fixture (namespace, pool, advertisement, backends) that goes away with the test.
 */
import { after, before } from 'node:test'
import { runPlugin } from '../../src/cli/run.ts'
import {
  NAMESPACE,
  debugView as viewOf,
  externalIp,
  install as installOn,
  poolYaml,
  settled,
} from '../lab/bellwether.ts'
import type { DebugView } from '../lab/bellwether.ts'
import { Lab } from '../lab/lab.ts'

/** The runner's lab: up before the first test that needs it, taken down by test/run.ts. */
export const lab = new Lab({ prefix: process.env['BELLWETHER_TEST_LAB'] ?? 'bwt' })

/** Of the speakers here, in seconds. A test is longer in the midst of nothing moving, and a file begins so. */
export const RETURN_DELAY_S = 6

/** As a user installs it, but for the half minute that all would have to wait for again and again. */
export const install = (): Promise<void> => installOn(lab, RETURN_DELAY_S)

export interface Fixture {
  /** Namespace of the test's Services and backends. */
  readonly namespace: string
  /** Creates a LoadBalancer Service on the fixture's backends. */
  createService(name: string, options?: ServiceOptions): Promise<void>
  /** `createService`, then its first address. */
  expose(name: string, options?: ServiceOptions): Promise<string>
  /** `namespace/name`. */
  key(name: string): string
}

export interface ServiceOptions {
  readonly annotations?: Readonly<Record<string, string>>
  /** Merged over the Service's spec. */
  readonly spec?: object
}

/**
 * Declares before and after hooks that make a fixture with a pool of these addresses, and clean it
 * up. `replicas` backends (nginx) run behind every Service; 0: the Services have no endpoints.
 */
export function fixture(name: string, addresses: readonly string[], replicas = 3): Fixture {
  const namespace = `e2e-${name}`
  before(async () => {
    await lab.up()
    await install()
    await lab.apply(poolYaml(`e2e-${name}`, addresses))
    await lab.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    await Promise.all([settled(lab), replicas > 0 && startBackends(namespace, replicas)])
  })
  after(async () => {
    // A test that failed has left its probes running, and this process would wait for them.
    await lab.stopSpawned()
    await lab.kubectl('delete', 'namespace', namespace, '--wait=false', '--ignore-not-found')
    await lab.kubectl('delete', 'services', '--all', '-n', namespace, '--ignore-not-found')
    for (const kind of ['l2advertisement', 'ipaddresspool']) {
      await lab.kubectl('-n', NAMESPACE, 'delete', kind, `e2e-${name}`, '--ignore-not-found')
    }
  })
  const createService = async (service: string, options: ServiceOptions = {}) => {
    await lab.apply(serviceObject(namespace, service, options))
  }
  return {
    namespace,
    key: (service) => `${namespace}/${service}`,
    createService,
    async expose(service, options) {
      await createService(service, options)
      return externalIp(lab, `${namespace}/${service}`)
    },
  }
}

/** What `/debug/view` of the speaker on that node shows. */
export const debugView = (node: string): Promise<DebugView> => viewOf(lab, node)

/** What `kubectl … -o json` prints. */
export const getJson = async <T>(...args: string[]): Promise<T> =>
  JSON.parse(await lab.kubectl(...args, '-o', 'json')) as T

/** `kubectl bellwether …` as an administrator of the lab. */
export async function plugin(...argv: string[]) {
  let [out, err] = ['', '']
  const exit = await runPlugin([...argv, '--kubeconfig', lab.kubeconfig], {
    out: (text) => (out += text),
    tell: (text) => (err += text),
    paint: (_, text) => text,
    isTerminal: false,
  })
  return { exit, out, err }
}

export function serviceObject(namespace: string, name: string, options: ServiceOptions): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name, annotations: options.annotations ?? {} },
    spec: {
      type: 'LoadBalancer',
      selector: { app: 'backend' },
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      ...options.spec,
    },
  }
}

/** nginx behind every Service of the namespace. */
export async function startBackends(namespace: string, replicas: number): Promise<void> {
  const container = { name: 'nginx', image: 'nginx:1.7.9', ports: [{ containerPort: 80 }] }
  await lab.apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name: 'backend' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'backend' } },
      template: {
        metadata: { labels: { app: 'backend' } },
        spec: {
          containers: [container],
          terminationGracePeriodSeconds: 0,
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'DoNotSchedule',
              labelSelector: { matchLabels: { app: 'backend' } },
            },
          ],
        },
      },
    },
  })
  await lab.kubectl('-n', namespace, 'rollout', 'status', 'deployment/backend', '--timeout=240s')
}
