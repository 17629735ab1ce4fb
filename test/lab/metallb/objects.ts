/**
 * What an installation of MetalLB (0.15, 0.16) from its manifest leaves in a cluster in layer 2 mode, object
 * by object, as `kubectl apply` takes it: all but its definitions (definitions.ts) and its webhooks
 * (webhooks.ts).
 */
import { NAMESPACE } from '../bellwether.ts'
import type { Json } from './names.ts'
import { named } from './names.ts'
import { controller, speaker } from './programs.ts'
import type { StandIn } from './programs.ts'
import { rights } from './rights.ts'

export const metallbObjects = (standIn: StandIn): Json[] => [
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
  speaker(standIn),
]

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
