/** Service accounts of MetalLB, and what its manifest lets them do. */
import { NAMESPACE } from '../bellwether.ts'
import { LABELS, named } from './names.ts'
import type { Json } from './names.ts'

const READ = ['get', 'list', 'watch']
const WRITE = [...READ, 'create', 'delete', 'patch', 'update']
const RBAC = 'rbac.authorization.k8s.io/v1'

export function rights(): Json[] {
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
