import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crdOf } from '../config/crd.ts'
import { KINDS } from '../config/kinds.ts'
import { doctor } from './doctor.ts'
import type { DoctorInput } from './doctor.ts'
import { membersReport } from './members.ts'
import { parseCrd, parseKubeProxy, parseWebhooks, parseWorkload } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'

const crds = KINDS.flatMap((kind) => parseCrd(crdOf(kind)) ?? [])
const webhooks = (namespace: string, caBundle = 'Zm9v', name = 'metallb-webhook-configuration') =>
  parseWebhooks('metallb.io', {
    metadata: { name },
    webhooks: [
      {
        name: 'w.metallb.io',
        failurePolicy: 'Ignore',
        clientConfig: { caBundle, service: { namespace, name: 's' } },
        rules: [{ apiGroups: ['metallb.io'] }],
      },
    ],
  })
const daemon = (namespace: string, name: string, image: string, more: object = {}) =>
  parseWorkload('DaemonSet', {
    metadata: { namespace, name },
    spec: { template: { spec: { containers: [{ image, ...more }] } } },
  }) ?? assert.fail('a workload')

const AROUND: Surroundings = {
  kubernetes: { seen: 'v1.34.4' },
  kubeProxy: { seen: parseKubeProxy({ mode: 'nftables' }) },
  workloads: { seen: [daemon('kube-system', 'kube-proxy', 'kube-proxy:v1.34.4')] },
  crds: { seen: crds },
  webhooks: { seen: webhooks('metallb-system') },
  webhookTry: { seen: { refused: true, answer: '' } },
  foreign: { seen: [] },
  cilium: { seen: undefined },
}

const gossip = { members: [] }
const WELL: DoctorInput = {
  namespace: 'metallb-system',
  around: AROUND,
  pods: {
    seen: [
      daemon('metallb-system', 'a', 'bellwether:1'),
      daemon('metallb-system', 'b', 'bellwether:1'),
    ],
  },
  speakers: [{ node: 'w1', problems: [] }],
  members: membersReport([{ node: 'w1', owners: [], gossip }], []),
  strangers: [],
}

/** All that is not well, as `check verdict: saw`. */
function told(around: Partial<Surroundings>, input: Partial<DoctorInput> = {}): string[] {
  return doctor({ ...WELL, around: { ...AROUND, ...around }, ...input })
    .filter(({ verdict }) => verdict !== 'ok')
    .map(({ check, verdict, saw }) => `${check} ${verdict}: ${saw}`)
}

test('report/doctor: of a sound cluster every check says what it saw', () => {
  assert.deepEqual(told({}), [])
  assert.ok(doctor(WELL).every(({ saw }) => saw !== ''))
})

for (const [what, around, input, expected] of [
  [
    'Kubernetes that is too old',
    { kubernetes: { seen: 'v1.30.9' } },
    {},
    /^Kubernetes broken: v1.30.9$/,
  ],
  [
    'IPVS without strictARP',
    { kubeProxy: { seen: parseKubeProxy({ mode: 'ipvs', ipvs: { strictARP: false } }) } },
    {},
    /^kube-proxy broken: mode ipvs, strictARP false/,
  ],
  [
    'no ConfigMap of kube-proxy',
    { kubeProxy: { seen: undefined } },
    {},
    /^kube-proxy warn: no ConfigMap/,
  ],
  [
    'what may not be read',
    { kubeProxy: { unseen: 'you may not get configmaps' } },
    {},
    /^kube-proxy unknown: you may not get configmaps$/,
  ],
  [
    "MetalLB's speakers elsewhere",
    { workloads: { seen: [daemon('other', 'speaker', 'quay.io/metallb/speaker:v0.15.2')] } },
    {},
    /^other load balancers broken: MetalLB: DaemonSet other\/speaker$/,
  ],
  [
    "MetalLB's speakers beside ours, as while moving over",
    {
      workloads: { seen: [daemon('metallb-system', 'speaker', 'quay.io/metallb/speaker:v0.15.2')] },
    },
    {},
    /^other load balancers warn: MetalLB/,
  ],
  [
    'kube-vip that serves Services',
    {
      workloads: {
        seen: [
          daemon('kube-system', 'kube-vip', 'ghcr.io/kube-vip/kube-vip:v1.0.0', {
            env: [{ name: 'svc_enable', value: 'true' }],
          }),
        ],
      },
    },
    {},
    /^other load balancers broken: kube-vip/,
  ],
  [
    'kube-vip for the control plane only',
    {
      workloads: { seen: [daemon('kube-system', 'kube-vip', 'ghcr.io/kube-vip/kube-vip:v1.0.0')] },
    },
    {},
    /^other load balancers warn: kube-vip/,
  ],
  [
    'ServiceLB of k3s',
    {
      workloads: { seen: [daemon('kube-system', 'svclb-traefik-1', 'rancher/klipper-lb:v0.4.9')] },
    },
    {},
    /^other load balancers broken: ServiceLB of k3s/,
  ],
  [
    'OpenELB',
    {
      workloads: {
        seen: [daemon('openelb-system', 'openelb-speaker', 'kubesphere/openelb-speaker:v0.6.0')],
      },
    },
    {},
    /^other load balancers broken: OpenELB/,
  ],
  [
    "Cilium's L2 announcements",
    {
      foreign: { seen: [{ kind: 'CiliumL2AnnouncementPolicy', name: 'p', spec: {} }] },
      cilium: { seen: { 'enable-l2-announcements': 'true' } },
    },
    {},
    /^other load balancers broken: Cilium's L2 announcements: CiliumL2AnnouncementPolicy p$/,
  ],
  [
    "Calico's addresses of Services",
    {
      foreign: { seen: [{ kind: 'IPPool', name: 'lb', spec: { allowedUses: ['LoadBalancer'] } }] },
    },
    {},
    /^other load balancers broken: Calico's LoadBalancer IPAM/,
  ],
  [
    'a definition that is missing',
    { crds: { seen: crds.slice(1) } },
    {},
    /^definitions broken: ipaddresspools.metallb.io is missing$/,
  ],
  [
    'a definition of another release',
    {
      crds: {
        seen: crds.map((crd, i) =>
          i > 0 ? crd : { ...crd, versions: crd.versions.map((it) => ({ ...it, schema: {} })) },
        ),
      },
    },
    {},
    /^definitions warn: ipaddresspools.metallb.io v1beta1 is of another release/,
  ],
  [
    'a webhook of an installation that is gone',
    { webhooks: { seen: [...webhooks('metallb-system'), ...webhooks('old', 'Zm9v', 'left')] } },
    {},
    /^webhooks broken: left asks old\/s/,
  ],
  [
    'a webhook without authority',
    { webhooks: { seen: webhooks('metallb-system', '') } },
    {},
    /^webhooks broken: .* no certificate authority/,
  ],
  [
    'a webhook that is not reached',
    { webhookTry: { seen: { refused: false, answer: 'was not refused' } } },
    {},
    /^webhook reached broken: was not refused$/,
  ],
  [
    'two releases',
    {},
    {
      pods: {
        seen: [daemon('metallb-system', 'a', 'b:1'), daemon('metallb-system', 'b', 'b:2')],
      },
    },
    /^images warn: b:1 \(1 pod\), b:2 \(1 pod\)$/,
  ],
  [
    'a blocked port',
    {},
    {
      speakers: [{ node: 'w1', problems: [{ reason: 'GossipPortBlocked', message: 'no TCP' }] }],
    },
    /^gossip port broken: w1: no TCP$/,
  ],
  [
    'an MTU that is too small',
    {},
    {
      speakers: [{ node: 'w1', problems: [{ reason: 'GossipMtuTooSmall', message: 'get lost' }] }],
    },
    /^MTU broken: w1: get lost$/,
  ],
  [
    'an address of no pool',
    {},
    { strangers: [{ address: '192.0.2.1', services: ['d/a'] }] },
    /^foreign addresses warn: of no pool: 192.0.2.1 \(d\/a\)$/,
  ],
] as const satisfies readonly (readonly [
  string,
  Partial<Surroundings>,
  Partial<DoctorInput>,
  RegExp,
])[]) {
  test(`report/doctor: ${what}`, () => {
    const lines = told(around, input)
    assert.equal(lines.length, 1, lines.join('\n'))
    assert.match(lines[0] ?? '', expected)
  })
}

test('report/doctor: without the views what only speakers know is not seen, with why', () => {
  const members = membersReport([], [{ node: 'w1', why: 'you may not create pods/portforward' }])
  const lines = told({}, { speakers: [], members })
  assert.deepEqual(
    lines.map((line) => line.split(':')[0]),
    ['gossip port unknown', 'gossip secret unknown', 'MTU unknown', 'membership unknown'],
  )
  assert.match(lines[0] ?? '', /w1: you may not create pods\/portforward/)
})
