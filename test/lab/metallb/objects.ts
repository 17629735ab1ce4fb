/**
 * What an installation of MetalLB (0.15, 0.16) from its manifest leaves in a cluster in layer 2 mode, object
 * by object, as `kubectl apply` takes it. MetalLB's programs are not in it: its controller is a container
 * that waits, and never ready; its speakers are stand-ins (test/netns/go-memberlist/metallb-speaker).
 */
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { NAMESPACE } from './bellwether.ts'
import { PAUSE_IMAGE } from './image-names.ts'
import { must } from './processes.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const LABELS = { app: 'metallb' }
const READ = ['get', 'list', 'watch']
const WRITE = [...READ, 'create', 'delete', 'patch', 'update']

type Json = Record<string, unknown>

export interface MetallbOptions {
  /** Path of the stand-in for its speaker, on every node. */
  readonly speaker: string
  /** What the stand-in cannot learn of the API server: addresses of Services, and of the nodes. */
  readonly vips: readonly string[]
  readonly nodes: readonly string[]
}

/** All but its definitions, and its webhooks. */
export const metallbObjects = (options: MetallbOptions): Json[] => [
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: NAMESPACE,
      labels: Object.fromEntries(
        ['enforce', 'audit', 'warn'].map((mode) => [
          `pod-security.kubernetes.io/${mode}`,
          'privileged',
        ]),
      ),
    },
  },
  ...rights(),
  {
    ...named('v1', 'ConfigMap', 'metallb-excludel2'),
    data: { 'excludel2.yaml': 'announcedInterfacesToExclude: ["^docker.*", "^veth.*", "^lo$"]\n' },
  },
  {
    ...named('v1', 'Service', 'metallb-webhook-service'),
    spec: { ports: [{ port: 443, targetPort: 9443 }], selector: { component: 'controller' } },
  },
  named('v1', 'Secret', 'metallb-webhook-cert'),
  controller(),
  speaker(options),
]

const named = (apiVersion: string, kind: string, name: string, labels: Json = {}): Json => ({
  apiVersion,
  kind,
  metadata: { name, namespace: NAMESPACE, labels: { ...LABELS, ...labels } },
})

const RBAC = 'rbac.authorization.k8s.io/v1'

function rights(): Json[] {
  const rule = (apiGroup: string, resources: string[], verbs: string[], resourceNames?: string[]) =>
    ({ apiGroups: [apiGroup], resources, verbs, resourceNames }) as const
  const bound = (kind: 'Role' | 'ClusterRole', name: string, rules: object[], who: string[]) => {
    const cluster = kind === 'ClusterRole'
    const metadata = { name, labels: LABELS, ...(cluster ? {} : { namespace: NAMESPACE }) }
    const subjects = who.map((account) => ({
      kind: 'ServiceAccount',
      name: account,
      namespace: NAMESPACE,
    }))
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind, name }
    return [
      { apiVersion: RBAC, kind, metadata, rules },
      { apiVersion: RBAC, kind: `${kind}Binding`, metadata, subjects, roleRef },
    ]
  }
  const configuration = ['bfdprofiles', 'bgpadvertisements', 'bgppeers', 'communities']
  const pools = ['ipaddresspools', 'l2advertisements']
  return [
    named('v1', 'ServiceAccount', 'controller'),
    named('v1', 'ServiceAccount', 'speaker'),
    ...bound(
      'ClusterRole',
      'metallb-system:controller',
      [
        rule('', ['services', 'namespaces'], READ),
        rule('', ['nodes'], ['list']),
        rule('', ['services/status'], ['update']),
        rule('', ['events'], ['create', 'patch']),
        rule('admissionregistration.k8s.io', ['validatingwebhookconfigurations'], WRITE, [
          'metallb-webhook-configuration',
        ]),
        rule('apiextensions.k8s.io', ['customresourcedefinitions'], ['list', 'watch']),
      ],
      ['controller'],
    ),
    ...bound(
      'ClusterRole',
      'metallb-system:speaker',
      [
        rule('metallb.io', ['servicel2statuses', 'servicel2statuses/status'], ['*']),
        rule('metallb.io', ['configurationstates', 'configurationstates/status'], ['*']),
        rule('', ['services', 'endpoints', 'nodes', 'namespaces'], READ),
        rule('discovery.k8s.io', ['endpointslices'], READ),
        rule('', ['events'], ['create', 'patch']),
      ],
      ['speaker'],
    ),
    ...bound(
      'Role',
      'controller',
      [
        rule('', ['secrets'], WRITE),
        rule('', ['secrets'], ['list'], ['memberlist']),
        rule('apps', ['deployments'], ['get'], ['controller']),
        rule('metallb.io', ['ipaddresspools/status'], ['update']),
        rule('metallb.io', [...configuration, ...pools], READ),
      ],
      ['controller'],
    ),
    ...bound(
      'Role',
      'pod-lister',
      [
        rule('', ['pods'], ['list', 'get']),
        rule('', ['secrets', 'configmaps'], READ),
        rule('metallb.io', [...configuration, ...pools], READ),
        rule('metallb.io', ['servicebgpstatuses', 'servicebgpstatuses/status'], ['*']),
      ],
      ['speaker', 'controller'],
    ),
  ]
}

const fieldOf = (name: string, fieldPath: string) => ({
  name,
  valueFrom: { fieldRef: { fieldPath } },
})

const probe = (port: number | string) => ({
  httpGet: { path: '/healthz', port },
  initialDelaySeconds: 10,
  periodSeconds: 10,
  timeoutSeconds: 1,
  successThreshold: 1,
  failureThreshold: 3,
})

function controller(): Json {
  const component = { component: 'controller' }
  const container = {
    name: 'controller',
    image: PAUSE_IMAGE,
    args: ['--port=7472', '--log-level=info'],
    env: [
      { name: 'METALLB_ML_SECRET_NAME', value: 'memberlist' },
      { name: 'METALLB_DEPLOYMENT', value: 'controller' },
    ],
    ports: [
      { containerPort: 7472, name: 'monitoring' },
      { containerPort: 9443, name: 'webhook-server', protocol: 'TCP' },
    ],
    // Nothing answers: as of one that is down, and a Service of webhooks without endpoints.
    readinessProbe: probe(17472),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['all'] },
      readOnlyRootFilesystem: true,
    },
    volumeMounts: [
      { mountPath: '/tmp/k8s-webhook-server/serving-certs', name: 'cert', readOnly: true },
    ],
  }
  return {
    ...named('apps/v1', 'Deployment', 'controller', component),
    spec: {
      revisionHistoryLimit: 3,
      selector: { matchLabels: { ...LABELS, ...component } },
      template: {
        metadata: { labels: { ...LABELS, ...component }, annotations: SCRAPED },
        spec: {
          containers: [container],
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          securityContext: { fsGroup: 65534, runAsNonRoot: true, runAsUser: 65534 },
          serviceAccountName: 'controller',
          terminationGracePeriodSeconds: 0,
          volumes: [
            { name: 'cert', secret: { defaultMode: 420, secretName: 'metallb-webhook-cert' } },
          ],
        },
      },
    },
  }
}

const SCRAPED = { 'prometheus.io/port': '7472', 'prometheus.io/scrape': 'true' }

function speaker({ speaker, vips, nodes }: MetallbOptions): Json {
  const component = { component: 'speaker' }
  const container = {
    name: 'speaker',
    image: PAUSE_IMAGE,
    command: ['/stand-in'],
    args: [`-vips=${vips.join()}`, `-peers=${nodes.join()}`],
    env: [
      fieldOf('METALLB_NODE_NAME', 'spec.nodeName'),
      fieldOf('METALLB_POD_NAME', 'metadata.name'),
      fieldOf('METALLB_HOST', 'status.hostIP'),
      fieldOf('METALLB_ML_BIND_ADDR', 'status.podIP'),
      { name: 'METALLB_ML_LABELS', value: 'app=metallb,component=speaker' },
      { name: 'METALLB_ML_SECRET_KEY_PATH', value: '/etc/ml_secret_key' },
    ],
    ports: [
      { containerPort: 7472, name: 'monitoring' },
      { containerPort: 7946, name: 'memberlist-tcp' },
      { containerPort: 7946, name: 'memberlist-udp', protocol: 'UDP' },
    ],
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { add: ['NET_RAW'], drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
    volumeMounts: [
      { mountPath: '/etc/ml_secret_key', name: 'memberlist', readOnly: true },
      { mountPath: '/etc/metallb', name: 'metallb-excludel2', readOnly: true },
      { mountPath: '/stand-in', name: 'stand-in', readOnly: true },
    ],
  }
  return {
    ...named('apps/v1', 'DaemonSet', 'speaker', component),
    spec: {
      selector: { matchLabels: { ...LABELS, ...component } },
      template: {
        metadata: { labels: { ...LABELS, ...component }, annotations: SCRAPED },
        spec: {
          containers: [container],
          hostNetwork: true,
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          serviceAccountName: 'speaker',
          terminationGracePeriodSeconds: 2,
          tolerations: ['master', 'control-plane'].map((role) => ({
            effect: 'NoSchedule',
            key: `node-role.kubernetes.io/${role}`,
            operator: 'Exists',
          })),
          volumes: [
            { name: 'memberlist', secret: { defaultMode: 420, secretName: 'memberlist' } },
            {
              name: 'metallb-excludel2',
              configMap: { defaultMode: 256, name: 'metallb-excludel2' },
            },
            { name: 'stand-in', hostPath: { path: speaker, type: 'File' } },
          ],
        },
      },
    },
  }
}

/** Made by MetalLB's controller at its start: 16 random bytes, in base64 without padding. */
export const memberlistSecret = (secretkey: string, deployment: string): Json => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: 'memberlist',
    namespace: NAMESPACE,
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'Deployment', name: 'controller', uid: deployment },
    ],
  },
  stringData: { secretkey },
})

/**
 * What its rotator (OPA's cert-controller) fills the Secret of the webhooks with, in base64: an authority and
 * a server's certificate for the one name, with RSA keys in PKCS #1.
 */
export async function webhookCertificates(): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'metallb-cert-'))
  const openssl = (...args: string[]) => must(['openssl', ...args], { cwd: folder })
  const name = `metallb-webhook-service.${NAMESPACE}.svc`
  try {
    for (const key of ['ca.key', 'tls.key']) {
      await openssl('genrsa', '-traditional', '-out', key, '2048')
    }
    writeFileSync(
      join(folder, 'ca.cnf'),
      'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature,keyEncipherment,keyCertSign\nsubjectAltName=DNS:cert\n',
    )
    writeFileSync(
      join(folder, 'tls.cnf'),
      `basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:${name}\n`,
    )
    const sign = ['x509', '-req', '-days', '3650']
    await openssl('req', '-new', '-key', 'ca.key', '-subj', '/O=metallb/CN=cert', '-out', 'ca.csr')
    const own = ['-signkey', 'ca.key', '-set_serial', '0', '-extfile', 'ca.cnf']
    await openssl(...sign, '-in', 'ca.csr', ...own, '-out', 'ca.crt')
    await openssl('req', '-new', '-key', 'tls.key', '-subj', `/CN=${name}`, '-out', 'tls.csr')
    const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-set_serial', '1', '-extfile', 'tls.cnf']
    await openssl(...sign, '-in', 'tls.csr', ...by, '-out', 'tls.crt')
    return Object.fromEntries(
      ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'].map((file) => [
        file,
        readFileSync(join(folder, file)).toString('base64'),
      ]),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const WEBHOOKS = [
  { kind: 'bgppeer', name: 'bgppeersvalidationwebhook', resource: 'bgppeers', version: 'v1beta2' },
  ...[
    ['bfdprofile', 'bfdprofiles'],
    ['bgpadvertisement', 'bgpadvertisements'],
    ['community', 'communities'],
    ['ipaddresspool', 'ipaddresspools'],
    ['l2advertisement', 'l2advertisements'],
  ].map(([kind = '', resource = '']) => ({
    kind,
    name: `${kind}validationwebhook`,
    resource,
    version: 'v1beta1',
  })),
]

/** Without the authority, which its controller puts in. */
export const metallbWebhooks = (): Json & { readonly webhooks: readonly object[] } => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'metallb-webhook-configuration' },
  webhooks: WEBHOOKS.map(({ kind, name, resource, version }) => ({
    admissionReviewVersions: ['v1'],
    clientConfig: {
      service: {
        name: 'metallb-webhook-service',
        namespace: NAMESPACE,
        path: `/validate-metallb-io-${version}-${kind}`,
      },
    },
    failurePolicy: 'Fail',
    name: `${name}.metallb.io`,
    rules: [
      {
        apiGroups: ['metallb.io'],
        apiVersions: [version],
        operations: ['CREATE', kind === 'bfdprofile' ? 'DELETE' : 'UPDATE'],
        resources: [resource],
      },
    ],
    sideEffects: 'None',
  })),
})

/** Fields of a status that MetalLB's definitions know: others are pruned. */
const STATUS: Readonly<Record<string, readonly string[]>> = {
  IPAddressPool: ['assignedIPv4', 'assignedIPv6', 'availableIPv4', 'availableIPv6'],
  ServiceL2Status: ['node', 'serviceName', 'serviceNamespace', 'interfaces'],
}

/** Its definitions: ours, without the fields and rules that are ours alone. */
export function metallbDefinitions(): Json[] {
  return globSync('crds/*.yaml', { cwd: ROOT }).map((path) => {
    const crd = parse(readFileSync(`${ROOT}/${path}`, 'utf8')) as Definition
    const known = STATUS[crd.spec.names.kind]
    for (const version of crd.spec.versions) {
      const { spec, status } = version.schema.openAPIV3Schema.properties
      if (spec) withoutRules(spec)
      if (known === undefined || status?.properties === undefined) continue
      const { properties } = status
      for (const field of Object.keys(properties)) {
        if (!known.includes(field)) delete properties[field]
      }
    }
    return crd as unknown as Json
  })
}

interface Definition {
  spec: {
    names: { kind: string }
    versions: {
      schema: { openAPIV3Schema: { properties: { spec?: Json; status?: { properties?: Json } } } }
    }[]
  }
}

function withoutRules(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return
  delete (schema as Json)['x-kubernetes-validations']
  for (const value of Object.values(schema)) withoutRules(value)
}
