/** Objects of a small cluster where all is well, to be broken one thing at a time. */
import { readPart, snapshotOfLooks } from '../../src/core/report/snapshot.ts'
import type { Part, Snapshot, SnapshotParts } from '../../src/core/report/snapshot.ts'
import { parseSpeakerView } from '../../src/core/report/speaker-view.ts'

export const NAMESPACE = 'metallb-system'
export const AT = Date.parse('2026-01-02T03:04:05Z')
const CREATED = '2026-01-01T00:00:00Z'

export type Obj = Record<string, unknown>

/** A LoadBalancer; `spec` goes over what it says by itself. */
export const service = (name: string, spec: Obj = {}, more: ServiceMore = {}): Obj => ({
  metadata: {
    namespace: 'default',
    name,
    uid: `uid-${name}`,
    creationTimestamp: CREATED,
    labels: more.labels ?? {},
    annotations: more.annotations ?? {},
  },
  spec: {
    type: 'LoadBalancer',
    clusterIPs: ['10.96.0.10'],
    ipFamilies: ['IPv4'],
    selector: { app: name },
    ports: [{ protocol: 'TCP', port: 80 }],
    ...spec,
  },
  status: { loadBalancer: { ingress: (more.ips ?? []).map((ip) => ({ ip })) } },
})

interface ServiceMore {
  readonly ips?: readonly string[]
  readonly annotations?: Obj
  readonly labels?: Obj
}

export const node = (name: string, labels: Obj = {}, ready = true): Obj => ({
  metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
  status: {
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }],
    addresses: [{ type: 'InternalIP', address: `172.18.0.${name.slice(1)}` }],
  },
})

export const pool = (name: string, addresses: readonly string[], spec: Obj = {}): Obj => ({
  metadata: { name },
  spec: { addresses, ...spec },
})

export const advertisement = (name: string, spec: Obj = {}): Obj => ({ metadata: { name }, spec })

export const slice = (
  of: string,
  endpoints: readonly { node: string; ready?: boolean }[],
): Obj => ({
  metadata: { namespace: 'default', labels: { 'kubernetes.io/service-name': of } },
  endpoints: endpoints.map((it) => ({
    nodeName: it.node,
    conditions: { ready: it.ready ?? true, serving: it.ready ?? true },
  })),
})

export const pod = (
  component: string,
  on: string,
  ready = true,
  args: readonly string[] = [],
): Obj => ({
  metadata: { name: `${component}-${on}`, labels: { app: 'metallb', component } },
  spec: { nodeName: on, containers: [{ args }] },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: ready
      ? [{ restartCount: 0, state: { running: {} } }]
      : [{ restartCount: 4, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
  },
})

export const l2Status = (of: string, on: string, more: Obj = {}): Obj => ({
  metadata: { namespace: NAMESPACE, name: `l2-${of}` },
  status: { node: on, serviceName: of, serviceNamespace: 'default', interfaces: [], ...more },
})

export const state = (name: string, errorSummary = ''): Obj => ({
  metadata: { name },
  status: { result: errorSummary === '' ? 'Valid' : 'Invalid', errorSummary },
})

const NODES = ['w1', 'w2', 'w3']

/** What the speaker of the node answers: w3 has 10.0.0.1. */
export const view = (on: string, more: Obj = {}): Obj => ({
  node: on,
  notReady: [],
  problems: [],
  owners: [{ service: 'default/web', ip: '10.0.0.1', owner: 'w3', why: 'first of 3 candidates' }],
  refused: {},
  gossip: {
    members: NODES.map((name) => ({
      name,
      address: `172.18.0.${name.slice(1)}:7946`,
      state: 'alive',
      kind: 'ours',
      settled: true,
      uplinks: {},
      lost: null,
    })),
  },
  packet: { rivals: [] },
  interfaces: [{ name: 'eth0', mac: `02:00:00:00:00:0${on.slice(1)}` }],
  ...more,
})

/** Lists by part; a text is why the part was not seen. */
export type Parts = { readonly [P in Part]?: readonly Obj[] | string } & {
  readonly views?: Readonly<Record<string, Obj | string>>
}

const look = <T>(what: T | string) => (typeof what === 'string' ? { unseen: what } : { seen: what })

/** `default/web` has 10.0.0.1 on w3, and nothing is wrong; but for what `changes` says. */
export function healthy(changes: Parts = {}): Snapshot {
  const { views = Object.fromEntries(NODES.map((name) => [name, view(name)])), ...parts } = changes
  const all: Omit<Required<Parts>, 'views'> = {
    services: [service('web', {}, { ips: ['10.0.0.1'] })],
    endpointSlices: [slice('web', [{ node: 'w1' }])],
    nodes: NODES.map((name) => node(name)),
    namespaces: [{ metadata: { name: 'default', labels: {} } }],
    pods: [pod('controller', 'w1'), ...NODES.map((name) => pod('speaker', name))],
    pools: [pool('first', ['10.0.0.1-10.0.0.9'])],
    l2Advertisements: [advertisement('all')],
    l2Statuses: [
      l2Status('web', 'w3', {
        since: '2026-01-02T03:00:00Z',
        why: 'first of 3 candidates',
        takeover: { cause: 'nodeGone', from: 'w2', outageMs: 640 },
      }),
    ],
    configurationStates: [state('controller'), ...NODES.map((name) => state(`speaker-${name}`))],
    events: [],
    ...parts,
  }
  const looks = Object.entries(all).map(([part, what]) => [
    part,
    readPart(part as Part, look(what)),
  ])
  return snapshotOfLooks(Object.fromEntries(looks) as SnapshotParts, {
    namespace: NAMESPACE,
    at: AT,
    views: Object.entries(views).map(([on, what]) => ({
      node: on,
      view: typeof what === 'string' ? { unseen: what } : parseSpeakerView(what),
    })),
  })
}
