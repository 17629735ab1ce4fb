/** Where the kinds that Bellwether reads and writes live in the API. */
import type { Resource } from './cluster.ts'

const core = (kind: string, plural: string, namespaced = true): Resource => ({
  group: '',
  version: 'v1',
  kind,
  plural,
  namespaced,
})

const metallb = (kind: string, plural: string, version = 'v1beta1'): Resource => ({
  group: 'metallb.io',
  version,
  kind,
  plural,
  namespaced: true,
})

export const SERVICES = core('Service', 'services')
export const NODES = core('Node', 'nodes', false)
export const NAMESPACES = core('Namespace', 'namespaces', false)
export const PODS = core('Pod', 'pods')
export const SECRETS = core('Secret', 'secrets')
export const EVENTS = core('Event', 'events')
export const CONFIG_MAPS = core('ConfigMap', 'configmaps')
export const DEPLOYMENTS: Resource = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
}
export const DAEMON_SETS: Resource = {
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  namespaced: true,
}
export const ENDPOINT_SLICES: Resource = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
}
export const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
}
/** Never stored: what is created is answered by its status. */
export const TOKEN_REVIEWS: Resource = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  namespaced: false,
}
export const SUBJECT_ACCESS_REVIEWS: Resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
}
export const IP_ADDRESS_POOLS = metallb('IPAddressPool', 'ipaddresspools')
export const L2_ADVERTISEMENTS = metallb('L2Advertisement', 'l2advertisements')
export const SERVICE_L2_STATUSES = metallb('ServiceL2Status', 'servicel2statuses')
export const BGP_PEERS = metallb('BGPPeer', 'bgppeers', 'v1beta2')
export const BGP_ADVERTISEMENTS = metallb('BGPAdvertisement', 'bgpadvertisements')
export const BFD_PROFILES = metallb('BFDProfile', 'bfdprofiles')
export const COMMUNITIES = metallb('Community', 'communities')
export const CONFIGURATION_STATES = metallb('ConfigurationState', 'configurationstates')
export const VALIDATING_WEBHOOK_CONFIGURATIONS: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
}
export const CUSTOM_RESOURCE_DEFINITIONS: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
}
