/**
 * Deployment and DaemonSet of MetalLB's manifest. Its programs are not in them: the controller is a container
 * that waits, and never ready; speakers are stand-ins (test/netns/go-memberlist/metallb-speaker).
 */
import { PAUSE_IMAGE } from '../image-names.ts'
import { LABELS, named } from './names.ts'
import type { Json } from './names.ts'

/** In the place of a speaker. */
export interface StandIn {
  /** Path of the program on every node. */
  readonly path: string
  /** What it cannot learn of the API server: addresses of Services, and of the nodes. */
  readonly vips: readonly string[]
  readonly nodes: readonly string[]
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

export function controller(): Json {
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

export function speaker({ path, vips, nodes }: StandIn): Json {
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
            { name: 'stand-in', hostPath: { path, type: 'File' } },
          ],
        },
      },
    },
  }
}
